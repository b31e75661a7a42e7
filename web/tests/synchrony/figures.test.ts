/** The figures of a run, for simulated pages with known skew. */

import { expect, test } from "vitest";
import { clockAccuracy, framesPerSecond, lateness } from "../../../tests/synchrony/figures/accuracy";
import { curve, distribution } from "../../../tests/synchrony/figures/distribution";
import { arrivalSkew, onsetSkew, positionAt, timelineSkew } from "../../../tests/synchrony/figures/skew";
import { seeded } from "../samples";
import { SPAN, simulatePage } from "./simulated_page";

function instants(seed = 1): number[] {
  const random = seeded(seed);
  return Array.from({ length: 500 }, () => SPAN.from + random() * (SPAN.to - SPAN.from));
}

test("a percentile is an actual value", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(distribution(values)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 });
  expect(distribution([7])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 });
  expect(distribution([]).p99).toBeNaN();
  expect(curve(values).at(-1)).toBe(100);
  expect(curve([])).toEqual([]);
});

test("the position between two frames is interpolated", () => {
  const { frames } = simulatePage({});
  expect(positionAt(frames, 1_005)).toBeCloseTo(1_005 - 150, 6);
  expect(positionAt(frames, 999)).toBeNaN();
  expect(positionAt(frames, 11_001)).toBeNaN();
});

test("the position in a gap of a quarter of a second is unknown", () => {
  const { frames } = simulatePage({});
  const thinned = {
    ...frames,
    at: frames.at.filter((_, i) => i % 20 === 0),
    playhead: frames.playhead.filter((_, i) => i % 20 === 0),
  };
  expect(positionAt(thinned, 1_100)).toBeNaN();
});

test("timeline skew is the difference of the clocks, independent of frame phases", () => {
  const pages = [
    simulatePage({ phaseMs: 3 }),
    simulatePage({ aheadMs: 2, phaseMs: 11 }),
    simulatePage({ aheadMs: -1 }),
  ];
  const { pairs, spreads } = timelineSkew(pages, instants());
  expect(pairs.length).toBe(3 * 500);
  expect(Math.max(...pairs)).toBeCloseTo(3, 6);
  expect(Math.min(...pairs)).toBeCloseTo(1, 6);
  expect(distribution(spreads).p50).toBeCloseTo(3, 6);
});

test("onset skew of perfect clocks is the difference of frame phases", () => {
  const { pairs } = onsetSkew([simulatePage({}), simulatePage({ phaseMs: 6 })], SPAN);
  // A record is first shown in the next frame of each page: 6 ms later, or that much less than a frame earlier.
  for (const each of pairs)
    expect(Math.min(Math.abs(each - 6), Math.abs(each - (1000 / 60 - 6)))).toBeCloseTo(0, 6);
  expect(pairs.length).toBeGreaterThan(750);
});

test("a clock that is ahead shifts the onset by as much", () => {
  const { pairs } = onsetSkew([simulatePage({}), simulatePage({ aheadMs: 50 })], SPAN);
  expect(distribution(pairs).p50).toBeCloseTo(50, 6);
});

test("arrival skew is the difference of the paths", () => {
  const { pairs, spreads } = arrivalSkew(
    [simulatePage({}), simulatePage({ pathMs: 95 }), simulatePage({ pathMs: 25 })],
    SPAN,
  );
  expect([...new Set(pairs.map(Math.round))].sort((a, b) => a - b)).toEqual([5, 70, 75]);
  expect(distribution(spreads).max).toBeCloseTo(75, 6);
});

test("a clock error counts as within bound up to the page's bound plus the measurement's tolerance", () => {
  const hubTime = (at: number) => at;
  const honest = clockAccuracy(simulatePage({ aheadMs: 1.1, errorMs: 1 }), SPAN, hubTime, 0.2);
  expect(honest.withinBound).toBe(honest.errors.length);
  expect(distribution(honest.errors).p50).toBeCloseTo(1.1, 6);
  expect(clockAccuracy(simulatePage({ aheadMs: 1.3, errorMs: 1 }), SPAN, hubTime, 0.2).withinBound).toBe(0);
  expect(clockAccuracy(simulatePage({ errorMs: Number.NaN }), SPAN, hubTime, 0.2).withinBound).toBe(0);
});

test("a publication is late if a perfect clock would already have drawn beyond it", () => {
  const hubTime = (at: number) => at;
  expect(lateness(simulatePage({ pathMs: 149 }), SPAN, hubTime)).toEqual({
    publications: 800,
    late: 0,
    countedByPage: 0,
  });
  expect(lateness(simulatePage({ pathMs: 151 }), SPAN, hubTime)).toEqual({
    publications: 800,
    late: 800,
    countedByPage: 0,
  });
});

test("frames are counted within the span", () => {
  expect(framesPerSecond(simulatePage({ phaseMs: 4 }), SPAN)).toBeCloseTo(60, 0);
});
