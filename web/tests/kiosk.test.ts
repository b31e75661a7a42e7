/** A wall display keeps its screen awake just as long as it is one. */

import { afterEach, expect, test, vi } from "vitest";
import { Kiosk } from "../src/main/kiosk";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("switched off before the browser has answered, it does not keep the screen awake", async () => {
  const release = vi.fn(async () => {});
  let answer = (_lock: unknown): void => {};
  const asked = new Promise((resolve) => {
    answer = resolve;
  });
  vi.stubGlobal("document", { hidden: false, addEventListener: () => {} });
  vi.stubGlobal("navigator", { wakeLock: { request: () => asked } });
  const kiosk = new Kiosk(true);
  kiosk.toggle();
  answer({ released: false, release });
  await vi.waitFor(() => expect(release).toHaveBeenCalledOnce());
});
