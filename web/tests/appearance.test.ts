/** Kiosk mode keeps the screen awake only while it is on. */

import { afterEach, expect, test, vi } from "vitest";
import { Kiosk } from "../src/main/appearance";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("switching it off before the wake lock is granted releases the lock", async () => {
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
