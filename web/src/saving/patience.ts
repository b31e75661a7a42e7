/** Asks again where the hub has no time, because it answers viewers first. Knows no tables. */

import { busyFor } from "../past/answer";
import type { PageFetch } from "./csv";

/** So often a page of the table is asked for. */
export const TRIES = 5;

/** The same question, patiently; `wait` comes back after so many milliseconds. */
export function patient(get: PageFetch, wait: (ms: number) => Promise<void>): PageFetch {
  return async (url) => {
    for (let tries = 1; ; tries += 1) {
      const response = await get(url);
      const waitMs = busyFor(response);
      if (waitMs === undefined || tries === TRIES) return response;
      // Not all at the same instant again.
      await wait(waitMs * (1 + Math.random() / 2));
    }
  };
}
