/** Value scales: automatic ranges, round values, a scale per unit. */

import { expect, test } from "vitest";
import { AutoRange, niceRange, niceStep } from "../src/chart/auto_range";
import { Scale } from "../src/chart/scale";
import { axisText } from "../src/number";

function shown({ low, high }: AutoRange): [number, number] {
  return [low, high];
}

test("the range is padded and ends on round numbers", () => {
  expect(niceRange(-1_450, 2_480)).toEqual([-2_000, 3_000]);
  const [low, high] = niceRange(5, 5);
  expect(low).toBeLessThan(5);
  expect(high).toBeGreaterThan(5);
});

test("padding does not cross zero", () => {
  expect(niceRange(0, 680)[0]).toBe(0);
  expect(niceRange(-680, 0)[1]).toBe(0);
  expect(niceRange(0, 0)).toEqual([0, expect.any(Number)]);
  expect(niceRange(-1, 100)[0]).toBeLessThan(-1);
});

test("all values of an axis have the decimals of its step", () => {
  expect([49.995, 50, 50.005].map((value) => axisText(value, 0.005))).toEqual(["49.995", "50.000", "50.005"]);
  expect([axisText(50, 0.1), axisText(1_500, 500), axisText(-1, 1)]).toEqual(["50.0", "1,500", "−1"]);
});

test.each([
  [5e-10, [-1, 0, 1, 2, 3], ["−5E−10", "0", "5E−10", "1.0E−9", "1.5E−9"]],
  [1e-9, [950, 951], ["9.50E−7", "9.51E−7"]],
  [5e29, [0, 1, 2, 3], ["0", "5E29", "1.0E30", "1.5E30"]],
  [5e14, [0, 1, 2, 3], ["0", "5E14", "1.0E15", "1.5E15"]],
  [5e-6, [10_000_000, 10_000_001], ["50.000000", "50.000005"]],
])("ticks in steps of %d are distinguishable", (step, places, texts) => {
  expect(places.map((place) => axisText(place * step, step))).toEqual(texts);
});

test("steps are 1, 2 or 5 times a power of ten, at any size", () => {
  expect([0.0011, 0.001, 0.3, 1, 1.5, 4, 7e8].map((least) => Number(niceStep(least).toPrecision(9)))).toEqual(
    [0.002, 0.001, 0.5, 1, 2, 5, 1e9],
  );
});

test("the range does not change while values move within it", () => {
  const range = new AutoRange();
  range.fit(-1_400, 2_400, 0);
  const first = shown(range);
  for (let now = 0; now < 60_000; now += 16) {
    const wobble = Math.sin(now / 700) * 300;
    range.fit(-1_300 + wobble / 2, 2_000 + wobble, now);
    expect(shown(range)).toEqual(first);
  }
});

test("the range grows immediately and shrinks only after a while", () => {
  const range = new AutoRange();
  const show = (high: number, from: number, to: number) => {
    for (let now = from; now < to; now += 16) range.fit(0, high, now);
  };
  range.fit(0, 10, 0);
  range.fit(0, 100, 16);
  expect(range.high).toBeGreaterThanOrEqual(100);
  show(100, 32, 2_000);
  const wide = shown(range);
  expect(wide[1]).toBeGreaterThan(100);
  show(10, 2_000, 5_900);
  expect(shown(range)).toEqual(wide);
  show(10, 5_900, 8_000);
  expect(range.high).toBeLessThan(20);
});

test("without values the range does not change", () => {
  const range = new AutoRange();
  range.fit(0, 10, 0);
  const before = shown(range);
  range.fit(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5_000);
  expect(shown(range)).toEqual(before);
});

test("no tick appears and vanishes during an animation", () => {
  const scale = new Scale(String);
  const marksAt = (high: number, now: number) => {
    scale.begin();
    scale.include(0, high);
    scale.fit(now);
    scale.updateTicks(6);
    return [...scale.ticks];
  };
  marksAt(10, 0);
  let before = marksAt(100, 16);
  for (let now = 32; now < 1_500; now += 16) {
    const after = marksAt(100, now);
    const most = scale.range.high;
    expect(after.filter((tick) => tick <= most)).toEqual(
      expect.arrayContaining(before.filter((tick) => tick <= most)),
    );
    // The outermost tick exists before the range has reached it.
    expect(after.at(-1)).toBeGreaterThan(most);
    before = after;
  }
});

test.each([
  ["0.3 and its rounding error", 0.3, 0.1 + 0.2],
  ["numbers of 19 digits", 1.7e18, 1.7e18 + 256],
  ["the same below zero", -0.1 - 0.2, -0.3],
])("%s make a flat line with a usable axis", (_name, low, high) => {
  const [rangeLow, rangeHigh] = niceRange(low, high);
  expect(rangeLow).toBeLessThan(low);
  expect(rangeHigh).toBeGreaterThan(high);
  const scale = new Scale(String);
  scale.include(low, high);
  scale.fit(0);
  scale.updateTicks(6);
  expect((rangeHigh - rangeLow) / Math.abs(low)).toBeGreaterThan(0.05);
  expect(new Set(scale.ticks).size).toBe(scale.ticks.length);
  expect(scale.ticks.length).toBeGreaterThan(2);
  expect(scale.ticks.length).toBeLessThan(12);
});

test("the number of ticks is bounded while a wide range shrinks to a narrow one", () => {
  const scale = new Scale(String);
  const most = 6;
  for (let now = 0; now < 12_000; now += 16) {
    scale.begin();
    scale.include(0.3, now < 1_000 ? 1e6 : 0.1 + 0.2);
    scale.fit(now);
    scale.updateTicks(most);
    expect(scale.ticks.length).toBeLessThanOrEqual(10 * most + 3);
  }
  expect(scale.range.high).toBeLessThan(0.4);
});

test("values that differ in the fifteenth decimal fill the range, and its ticks differ", () => {
  const [low, high] = [0.123456789012345, 0.123456789012349];
  const [rangeLow, rangeHigh] = niceRange(low, high);
  expect(high - low).toBeGreaterThan((rangeHigh - rangeLow) / 2);
  const scale = new Scale(axisText);
  scale.include(low, high);
  scale.fit(0);
  scale.updateTicks(6);
  expect(scale.texts.length).toBeGreaterThan(3);
  expect(new Set(scale.texts).size).toBe(scale.texts.length);
});

test.each([1, 2, 3, 6])("an axis with room for %d values has at least two", (most) => {
  for (const [low, high] of [
    [12.4, 18.6],
    [15.2, 19.8],
    [-3, 77],
    [990, 1_020],
    [52.1234567, 52.1234575],
    [0, 0],
    [-1e308, 1e308],
    [1e-300, 5e-300],
  ] as const) {
    const scale = new Scale(String);
    scale.begin();
    scale.limit({ min: low === high ? undefined : low, max: low === high ? undefined : high });
    scale.include(low, high);
    scale.fit(0);
    scale.updateTicks(most);
    const { range } = scale;
    const within = scale.ticks.filter((tick) => tick >= range.low && tick <= range.high);
    expect(within.length, `${low} to ${high}`).toBeGreaterThan(1);
  }
});

test("tick labels are only formatted again when the ticks change", () => {
  let asked = 0;
  const scale = new Scale((value) => {
    asked += 1;
    return `${value}`;
  });
  for (let now = 0; now < 1_000; now += 16) {
    scale.begin();
    scale.include(0, 10);
    scale.fit(now);
    scale.updateTicks(5);
  }
  expect(asked).toBe(scale.texts.length);
  expect(scale.widest).toBe(2);
});

test("without values a range that is too wide is not animating", () => {
  const range = new AutoRange();
  range.fit(0, 100, 0);
  range.fit(0, 10, 1_000);
  expect(range.isGliding).toBe(true);
  range.fit(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2_000);
  expect(range.isGliding).toBe(false);
});
