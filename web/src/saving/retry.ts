/** Retries requests that the hub rejects while overloaded. Knows no tables. */

import { retryAfterMs } from "../history_cache/history_fetch";
import type { FetchPage } from "./csv";

/** Attempts per page of the table. */
export const ATTEMPTS_MAX = 5;

/** Wraps a fetch function with retries; `wait` resolves after the given milliseconds. */
export function withRetries(get: FetchPage, wait: (ms: number) => Promise<void>): FetchPage {
  return async (url) => {
    for (let tries = 1; ; tries += 1) {
      const response = await get(url);
      const waitMs = retryAfterMs(response);
      if (waitMs === undefined || tries === ATTEMPTS_MAX) return response;
      // Jitter, so that pages do not retry at the same instant.
      await wait(waitMs * (1 + Math.random() / 2));
    }
  };
}
