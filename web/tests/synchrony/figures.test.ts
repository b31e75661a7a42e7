/** The figures of a run, of pages whose skew is known. */

import { expect, test } from "vitest";
import { curve, distribution } from "../../../tests/synchrony/figures/distribution";
import { clockKeeping, framesPerSecond, lateness } from "../../../tests/synchrony/figures/keeping";
import { arrivalSkew, onsetSkew, positionAt, timelineSkew } from "../../../tests/synchrony/figures/skew";
import { seeded } from "../random";
import { imagine, SPAN } from "./seen";

function instants(seed = 1): number[] {
  const random = seeded(seed);
  return Array.from({ length: 500 }, () => SPAN.from + random() * (SPAN.to - SPAN.from));
}

test("a percentile is a value that was there", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(distribution(values)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 });
  expect(distribution([7])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 });
  expect(distribution([]).p99).toBeNaN();
  expect(curve(values).at(-1)).toBe(100);
  expect(curve([])).toEqual([]);
});

test("between two frames a page would draw what lies between them", () => {
  const { frames } = imagine({});
  expect(positionAt(frames, 1_005)).toBeCloseTo(1_005 - 150, 6);
  expect(positionAt(frames, 999)).toBeNaN();
  expect(positionAt(frames, 11_001)).toBeNaN();
});

test("nobody knows what would have been drawn in a hole of a quarter of a second", () => {
  const { frames } = imagine({});
  const thinned = {
    ...frames,
    at: frames.at.filter((_, i) => i % 20 === 0),
    playhead: frames.playhead.filter((_, i) => i % 20 === 0),
  };
  expect(positionAt(thinned, 1_100)).toBeNaN();
});

test("timeline skew is the difference of the clocks, whatever the phases of the frames", () => {
  const pages = [imagine({ phaseMs: 3 }), imagine({ aheadMs: 2, phaseMs: 11 }), imagine({ aheadMs: -1 })];
  const { pairs, spreads } = timelineSkew(pages, instants());
  expect(pairs.length).toBe(3 * 500);
  expect(Math.max(...pairs)).toBeCloseTo(3, 6);
  expect(Math.min(...pairs)).toBeCloseTo(1, 6);
  expect(distribution(spreads).p50).toBeCloseTo(3, 6);
});

test("onset skew of perfect clocks is that of the frames' phases", () => {
  const { pairs } = onsetSkew([imagine({}), imagine({ phaseMs: 6 })], SPAN);
  // A record is first seen in the next frame of each page: 6 ms later, or one frame less that earlier.
  for (const each of pairs)
    expect(Math.min(Math.abs(each - 6), Math.abs(each - (1000 / 60 - 6)))).toBeCloseTo(0, 6);
  expect(pairs.length).toBeGreaterThan(750);
});

test("a clock that is ahead shows up in the onset by as much", () => {
  const { pairs } = onsetSkew([imagine({}), imagine({ aheadMs: 50 })], SPAN);
  expect(distribution(pairs).p50).toBeCloseTo(50, 6);
});

test("arrival skew is the difference of the paths", () => {
  const { pairs, spreads } = arrivalSkew(
    [imagine({}), imagine({ pathMs: 95 }), imagine({ pathMs: 25 })],
    SPAN,
  );
  expect([...new Set(pairs.map(Math.round))].sort((a, b) => a - b)).toEqual([5, 70, 75]);
  expect(distribution(spreads).max).toBeCloseTo(75, 6);
});

test("a clock's error is kept when it is within the page's own bound and what is known of the truth", () => {
  const hubTime = (at: number) => at;
  const honest = clockKeeping(imagine({ aheadMs: 1.1, errorMs: 1 }), SPAN, hubTime, 0.2);
  expect(honest.withinBound).toBe(honest.errors.length);
  expect(distribution(honest.errors).p50).toBeCloseTo(1.1, 6);
  expect(clockKeeping(imagine({ aheadMs: 1.3, errorMs: 1 }), SPAN, hubTime, 0.2).withinBound).toBe(0);
  expect(clockKeeping(imagine({ errorMs: Number.NaN }), SPAN, hubTime, 0.2).withinBound).toBe(0);
});

test("late is what arrives after a perfect clock would have drawn beyond it", () => {
  const hubTime = (at: number) => at;
  expect(lateness(imagine({ pathMs: 149 }), SPAN, hubTime)).toEqual({ publications: 800, late: 0, told: 0 });
  expect(lateness(imagine({ pathMs: 151 }), SPAN, hubTime)).toEqual({
    publications: 800,
    late: 800,
    told: 0,
  });
});

test("frames are counted within the span", () => {
  expect(framesPerSecond(imagine({ phaseMs: 4 }), SPAN)).toBeCloseTo(60, 0);
});
