/** The range of possible offsets: what limits it, and what does not. */

import { expect, test } from "vitest";
import { OffsetRange } from "../src/client/clock/offset_range";

interface Course {
  readonly ppm: number;
  readonly seconds: number;
  /** Delay towards the page. */
  readonly downMs: (second: number) => number;
}

/** One message each way every second, 1 ms towards the hub; the hub's clock gains, from an offset of 0. */
function follow(range: OffsetRange, { ppm, seconds, downMs }: Course, fromSecond = 0, offset = 0): number {
  for (let i = 0; i < seconds; i += 1) {
    const at = (fromSecond + i) * 1_000;
    const truth = offset + i * 1_000 * ppm * 1e-6;
    range.offerForward(truth + 1, at);
    range.offerBackward(downMs(i) - truth, at + 1);
  }
  return offset + seconds * 1_000 * ppm * 1e-6;
}

test("messages in both directions limit the drift, the closer the longer they are apart", () => {
  const widths = [10, 60, 240].map((seconds) => {
    const range = new OffsetRange();
    follow(range, { ppm: 120, seconds, downMs: () => 1 });
    const { least, most } = range.drift;
    expect(least).toBeLessThan(120e-6);
    expect(most).toBeGreaterThan(120e-6);
    return most - least;
  });
  expect(widths[0]).toBeGreaterThan(widths[1] as number);
  expect(widths[2]).toBeLessThan(30e-6);
});

test("delays that grow in one direction are not taken for drift", () => {
  const range = new OffsetRange();
  const truth = follow(range, { ppm: 0, seconds: 60, downMs: (second) => 1 + second * 0.2 });
  const { least, most } = range.drift;
  expect(least).toBeLessThan(0);
  expect(most).toBeGreaterThan(0);
  const { low, high } = range.within(60_000, range.drift);
  expect(low).toBeLessThan(truth);
  expect(high).toBeGreaterThan(truth);
});

test("after the rate of a clock has changed, old messages no longer count", () => {
  const range = new OffsetRange();
  const before = follow(range, { ppm: 100, seconds: 100, downMs: () => 1 });
  const truth = follow(range, { ppm: -300, seconds: 60, downMs: () => 1 }, 100, before);
  expect(range.drift.least).toBeLessThan(-300e-6);
  expect(range.drift.most).toBeGreaterThan(-300e-6);
  const { low, high } = range.within(160_000, range.drift);
  expect(low).toBeLessThan(truth);
  expect(high).toBeGreaterThan(truth);
});

test("without messages nothing is known but what clocks can do", () => {
  const range = new OffsetRange();
  follow(range, { ppm: 0, seconds: 60, downMs: () => 1 });
  range.forget();
  expect(range.drift).toEqual({ least: -500e-6, most: 500e-6 });
  expect(range.within(0, range.drift)).toEqual({
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
  });
});
