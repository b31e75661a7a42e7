/** The instants at which frames are drawn. */

import { expect, test } from "vitest";
import { reducedMotionInstant } from "../src/live_chart/frame_loop";

test("with reduced motion all screens step at the same instants, twice a second", () => {
  expect([1_000, 1_499, 1_500].map((playhead) => reducedMotionInstant(playhead, true))).toEqual([
    1_000, 1_000, 1_500,
  ]);
  expect(reducedMotionInstant(1_499, false)).toBe(1_499);
});
