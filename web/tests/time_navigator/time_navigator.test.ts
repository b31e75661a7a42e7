/** The time navigator's ticks, its ARIA values, and its overview line. */

import { expect, test } from "vitest";
import { SEQS, type TracePart } from "../../src/scene";
import { ariaValues, hasMoved } from "../../src/time_navigator/aria";
import { Overview } from "../../src/time_navigator/overview";
import type { OverviewPoint } from "../../src/time_navigator/overview_columns";
import { traceBand } from "../../src/time_navigator/overview_path";
import { momentLabel, tickLabels } from "../../src/time_navigator/tick_labels";

const NOON = new Date(2026, 5, 15, 12).getTime();
const MINUTE = 60_000;
const DAY = 86_400_000;

test.each([10 * MINUTE, 60 * MINUTE, DAY, 7 * DAY, 90 * DAY, 400 * DAY, 40 * 365 * DAY])(
  "ticks over %d ms are round, ascending, not too many and not too close",
  (span) => {
    const found = tickLabels(NOON - span, NOON, span / 10);
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThanOrEqual(11);
    for (const [i, { at, text }] of found.entries()) {
      const date = new Date(at);
      expect(date.getSeconds() + date.getMilliseconds()).toBe(0);
      expect(text).not.toBe("");
      const before = found[i - 1];
      // A day may have 23 hours.
      if (before !== undefined) expect(at - before.at).toBeGreaterThan((span / 10) * 0.95);
    }
  },
);

test("ticks keep their place while the range moves", () => {
  for (const span of [10 * MINUTE, DAY, 90 * DAY]) {
    const before = tickLabels(NOON - span, NOON, span / 8);
    const after = tickLabels(NOON - span + span / 100, NOON + span / 100, span / 8);
    const both = before.filter(({ at }) => at >= NOON - span + span / 100);
    expect(after.slice(0, both.length)).toEqual(both);
  }
});

test("an instant on another day has its date", () => {
  expect(momentLabel(NOON, NOON + MINUTE)).toMatch(/^12:00$/);
  expect(momentLabel(NOON, NOON + 2 * DAY)).toContain("15");
  expect(momentLabel(NOON, NOON + 400 * DAY)).toMatch(/20\d\d/);
});

test("ticks of another day or year name it once, at the first", () => {
  const [first, ...others] = tickLabels(NOON, NOON + 10 * MINUTE, MINUTE, NOON + 400 * DAY);
  expect(first?.text).toMatch(/20\d\d/);
  for (const { text } of others) expect(text).toMatch(/^12:\d\d$/);
  expect(tickLabels(NOON, NOON + 10 * MINUTE, MINUTE)[0]?.text).toMatch(/^12:00$/);
});

test("the ARIA text is how far behind live the view is, and its time", () => {
  const view = { from: NOON - 20_000, to: NOON - 12_300 };
  const state = { oldest: NOON - MINUTE, newest: NOON, view };
  const spanText = (ms: number) => `${ms / 1000} s`;
  expect(ariaValues(state, false, spanText)).toEqual({
    max: 60,
    now: 47.7,
    text: "12.3 s behind live, 11:59:47",
  });
  expect(ariaValues({ ...state, view: { from: 0, to: NOON } }, true, spanText).text).toBe("Live, 12:00:00");
});

test("moving the view is announced, the passing of time is not", () => {
  const at = (to: number, newest: number) => ({ oldest: 0, newest, view: { from: to - 10, to } });
  const before = at(1_000, 5_000);
  expect(hasMoved(undefined, before)).toBe(true);
  expect(hasMoved(before, at(2_000, 6_000))).toBe(false);
  expect(hasMoved(before, at(1_000, 6_000))).toBe(false);
  expect(hasMoved(before, at(3_000, 6_000))).toBe(true);
});

/** Samples a millisecond apart from `start`; null is a break. */
function part(start: number, values: readonly (number | null)[]): TracePart {
  const samples = {
    times: Float64Array.from(values, (_, i) => start + i),
    seqs: Float64Array.from(values, (value, i) => (value === null ? Number.NaN : start + i)),
    columns: [Float64Array.from(values, (value) => value ?? Number.NaN)],
    begin: 0,
    end: values.length,
  };
  return { samples, column: 0 };
}

/** Stretches of the overview, each as `from:low-high`, in units of columns. */
function drawn(points: readonly OverviewPoint[]): string {
  return points
    .map(({ at, low, high, isBroken }) => `${isBroken ? "|" : ""}${at}:${low > high ? "" : `${low}-${high}`}`)
    .join(" ");
}

/** The path of a band on a canvas of height 10. */
function bandOf(points: readonly OverviewPoint[]): string {
  const strokes: string[] = [];
  const pen = (name: string) => (x: number, y: number) => strokes.push(`${name}${x},${y}`);
  const sink = { moveTo: pen("M"), lineTo: pen("L"), closePath: () => strokes.push("Z") };
  traceBand(sink, points, { x: (at) => at, top: 0, bottom: 10 });
  return strokes.join(" ");
}

const NEVER = Number.POSITIVE_INFINITY;

/** An overview of live samples at first, in columns of this length. */
function following(live: TracePart, columnMs: number): Overview {
  const overview = new Overview(columnMs);
  overview.follow(live, NEVER, columnMs);
  return overview;
}

test("each column of the overview has its minimum and maximum", () => {
  const overview = following(part(0, [1, 9, 5, 2, 3, 4, 8, 6]), 4);
  expect(drawn(overview.points({ from: 0, to: 7 }))).toBe("2:1-9 6:3-8");
  expect(bandOf(overview.points({ from: 0, to: 7 }))).toBe("M2,0 L2,0 L6,1.25 L6,7.5 L2,10 Z");
});

test("fetched and live samples have the same columns, and no more of either is seen where both are known", () => {
  const noise = Array.from({ length: 400 }, (_, i) => Math.round(100 * Math.sin(i * i)));
  const overview = following(part(200, noise.slice(200)), 16);
  overview.setFetched(part(0, noise.slice(0, 260)));
  const whole = following(part(0, noise), 16);
  const range = { from: 0, to: 399 };
  expect(overview.points(range)).toEqual(whole.points(range));
});

test("the overview breaks exactly where the line does", () => {
  const whole = following(part(0, [1, 2, 3]), 1).points({ from: 0, to: 3 });
  expect(bandOf(whole)).toBe("M0.5,10 L0.5,10 L1.5,5 L2.5,0 L2.5,0 L1.5,5 L0.5,10 Z");
  const overview = new Overview(1);
  overview.setFetched(part(0, [1, null, 3]));
  expect(drawn(overview.points({ from: 0, to: 3 }))).toBe("0.5:1-1 |1.5: 2.5:3-3");
  expect(bandOf(overview.points({ from: 0, to: 3 }))).toBe(
    "M-0.25,10 L1.25,10 L0.5,10 Z M1.75,0 L3.25,0 L2.5,0 Z",
  );
});

test("behind a gap in the live samples everything is taken from the history, so that no hole stays", () => {
  const live = part(10, [5, 5, 5, null, 7, 7]);
  const overview = following(live, 1);
  expect(overview.liveFrom).toBe(14);
  expect(drawn(overview.points({ from: 10, to: 16 }))).toBe("14.5:7-7 15.5:7-7");
  overview.setFetched(part(10, [5, 5, 5, 6, 7]));
  expect(drawn(overview.points({ from: 10, to: 16 }))).toBe(
    "10.5:5-5 11.5:5-5 12.5:5-5 13.5:6-6 14.5:7-7 15.5:7-7",
  );
});

test("live columns stay when the samples have left the buffer, and start over when some were missed", () => {
  const overview = following(part(0, [1, 2, 3, 4]), 1);
  overview.follow(part(3, [4, 5]), NEVER, 1);
  expect(overview.liveFrom).toBe(0);
  expect(drawn(overview.points({ from: 0, to: 9 }))).toBe("0.5:1-1 1.5:2-2 2.5:3-3 3.5:4-4 4.5:5-5");
  overview.follow(part(6, [7, 8]), NEVER, 1);
  expect(overview.liveFrom).toBe(6);
});

test("columns of twice the length keep the live values, finer ones come from the samples again", () => {
  const overview = following(part(0, [1, 9, 5, 2]), 1);
  overview.follow(part(2, [5, 2]), NEVER, 2);
  expect(drawn(overview.points({ from: 0, to: 3 }))).toBe("1:1-9 3:2-5");
  overview.follow(part(2, [5, 2]), NEVER, 1);
  expect(overview.liveFrom).toBe(2);
  expect(drawn(overview.points({ from: 0, to: 3 }))).toBe("2.5:5-5 3.5:2-2");
});

test("samples that are not due yet are not in the overview", () => {
  const overview = new Overview(1);
  overview.follow(part(0, [1, 2, 3]), 1.5, 1);
  expect(drawn(overview.points({ from: 0, to: 9 }))).toBe("0.5:1-1 1.5:2-2");
});

test("values that differ by rounding are a straight line, and the largest numbers have a height", () => {
  const rounding = following(part(0, [0.3, 0.1 + 0.2, 0.3]), 1).points({ from: 0, to: 2 });
  expect(bandOf(rounding)).toBe("M0.5,5 L0.5,5 L1.5,5 L2.5,5 L2.5,5 L1.5,5 L0.5,5 Z");
  const huge = following(part(0, [-1e308, 1e308]), 1).points({ from: 0, to: 1 });
  expect(bandOf(huge)).toBe("M0.5,10 L0.5,10 L1.5,0 L1.5,0 L0.5,10 Z");
});

test("a value without neighbours has a width", () => {
  const alone = following(part(0, [Number.NaN, 7, Number.NaN]), 1).points({ from: 0, to: 3 });
  expect(bandOf(alone)).toBe("M0.75,5 L2.25,5 L1.5,5 Z");
});

test("of records without numbers the overview shows where they are, fetched and live alike", () => {
  const { samples } = part(0, [Number.NaN, Number.NaN, Number.NaN]);
  const records = { samples: { ...samples, times: Float64Array.of(10, 11, 15), columns: [] }, column: SEQS };
  const overview = following(records, 1);
  const fetched = { ...samples, times: Float64Array.of(2, 3, 5) };
  // As the history of a state, in which one of the records has none.
  fetched.columns[0]?.set([0, Number.NaN, 2]);
  overview.setFetched({ samples: fetched, column: 0 });
  const all = overview.points({ from: 0, to: 20 });
  expect(all.map(({ at }) => at)).toEqual([2.5, 3.5, 5.5, 10.5, 11.5, 15.5]);
  expect(all.map(({ isBroken }) => isBroken)).toEqual([true, false, true, true, false, true]);
  for (const { low, high } of all) expect(low).toBeLessThan(high);
});
