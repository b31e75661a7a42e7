/** The course of the line: where it ends, where the pen is lifted, and that no peak is lost. */

import { expect, test } from "vitest";
import { extremes, traceLine } from "../src/chart/line";
import { CalmRange, niceRange } from "../src/chart/range";
import { marks, stepFor, strength } from "../src/chart/time_axis";

const same = { x: (time: number) => time, y: (value: number) => value };

function picture(values: number[], playhead: number) {
  return {
    times: Float64Array.from(values, (_, i) => i * 10),
    values: Float64Array.from(values),
    seqs: Float64Array.from(values, (_, i) => i + 1),
    playhead,
  };
}

/** What the pen did, as `M x,y` and `L x,y`. */
function drawn(values: number[], playhead: number, from = 0, columnMs = 1) {
  const strokes: string[] = [];
  const pen = {
    moveTo: (x: number, y: number) => strokes.push(`M ${x},${y}`),
    lineTo: (x: number, y: number) => strokes.push(`L ${x},${y}`),
  };
  const end = traceLine(pen, picture(values, playhead), from, columnMs, same);
  return { strokes, end };
}

test("the line ends at the playhead, on the way to the next sample", () => {
  const { strokes, end } = drawn([0, 100, 200], 15);
  expect(strokes).toEqual(["M 0,0", "L 0,0", "L 10,100", "L 15,150"]);
  expect(end).toEqual({ time: 15, value: 150 });
});

test("without a next sample it ends at the last one: nothing is extrapolated", () => {
  const { strokes, end } = drawn([0, 100], 500);
  expect(strokes).toEqual(["M 0,0", "L 0,0", "L 10,100"]);
  expect(end).toEqual({ time: 10, value: 100 });
});

test("no line crosses a break, nor leads into one", () => {
  expect(drawn([1, 2, Number.NaN, 4, 5], 40).strokes).toEqual([
    "M 0,1",
    "L 0,1",
    "L 10,2",
    "M 30,4",
    "L 30,4",
    "L 40,5",
  ]);
  expect(drawn([1, 2, Number.NaN], 15).strokes).toEqual(["M 0,1", "L 0,1", "L 10,2"]);
  expect(drawn([1, Number.NaN, 3], 15).end).toBeUndefined();
});

test("a sample alone between two breaks is a dot", () => {
  expect(drawn([Number.NaN, 2, Number.NaN], 20).strokes).toEqual(["M 10,2", "L 10,2"]);
});

test("nothing is drawn before the first sample, or without any", () => {
  expect(drawn([1, 2], -5).strokes).toEqual([]);
  expect(drawn([], 5)).toEqual({ strokes: [], end: undefined });
});

test("the sample before the window is included, so that the line enters from the edge", () => {
  expect(drawn([1, 2, 3, 4], 30, 15).strokes[0]).toBe("M 10,2");
});

test("dense samples are thinned out without losing a peak", () => {
  const values = Array.from({ length: 1_000 }, (_, i) => (i === 517 ? 999 : i === 533 ? -999 : i % 3));
  const { strokes } = drawn(values, 9_990, 0, 200);
  expect(strokes.length).toBeLessThan(200);
  expect(strokes).toContain("L 5170,999");
  expect(strokes).toContain("L 5330,-999");
});

test("thinned or not, the pen only ever moves forward", () => {
  const values = Array.from({ length: 1_000 }, (_, i) => (i * 7919) % 101);
  const xs = drawn(values, 9_990, 0, 200).strokes.map((stroke) => Number(stroke.slice(2).split(",")[0]));
  expect(xs.every((x, i) => i === 0 || x >= (xs[i - 1] as number))).toBe(true);
});

test("extremes look one sample beyond the window at each end and pass over breaks", () => {
  expect(extremes(picture([9, 1, Number.NaN, 3, -7, 50], 35), 15)).toEqual([-7, 3]);
  expect(extremes(picture([], 35), 15)).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
});

test("the range has room around the values and ends on round numbers", () => {
  expect(niceRange(-1_450, 2_480)).toEqual([-2_000, 3_000]);
  const [low, high] = niceRange(5, 5);
  expect(low).toBeLessThan(5);
  expect(high).toBeGreaterThan(5);
});

test("the range stays while values move within it", () => {
  const range = new CalmRange();
  const first = [...range.fit(-1_400, 2_400, 0)];
  for (let now = 0; now < 60_000; now += 16) {
    const wobble = Math.sin(now / 700) * 300;
    expect(range.fit(-1_300 + wobble / 2, 2_000 + wobble, now)).toEqual(first);
  }
});

test("the range grows at once and shrinks only after a while", () => {
  const range = new CalmRange();
  range.fit(0, 10, 0);
  expect(range.fit(0, 100, 16)[1]).toBeGreaterThanOrEqual(100);
  for (let now = 32; now < 2_000; now += 16) range.fit(0, 100, now);
  const wide = [...range.fit(0, 100, 2_000)];
  expect(wide[1]).toBeGreaterThan(100);
  for (let now = 2_000; now < 5_900; now += 16) expect(range.fit(0, 10, now)).toEqual(wide);
  for (let now = 5_900; now < 8_000; now += 16) range.fit(0, 10, now);
  expect(range.fit(0, 10, 8_000)[1]).toBeLessThan(20);
});

test("time marks stand on round instants, with room between them", () => {
  expect(stepFor(700)).toBe(1_000);
  expect(marks(1_500, 4_000, 1_000)).toEqual([2_000, 3_000, 4_000]);
});

test("time marks fade towards both ends", () => {
  expect([0, 5, 10, 50, 95, 100].map((x) => strength(x, 0, 100, 10))).toEqual([0, 0.5, 1, 1, 0.5, 0]);
});
