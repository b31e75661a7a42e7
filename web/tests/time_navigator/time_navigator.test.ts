/** The time navigator's ticks, its ARIA values, and its overview line. */

import { expect, test } from "vitest";
import type { TracePart } from "../../src/scene";
import { ariaValues, hasMoved } from "../../src/time_navigator/aria";
import { OverviewLine } from "../../src/time_navigator/overview_line";
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

function drawn(overview: OverviewLine): string {
  const strokes: string[] = [];
  const pen = (name: string) => (x: number, y: number) => strokes.push(`${name}${x},${y}`);
  overview.trace({ moveTo: pen("M"), lineTo: pen("L") }, (value) => value);
  return strokes.join(" ");
}

test("each column of the overview has its minimum and maximum", () => {
  const overview = new OverviewLine([part(0, [1, 9, 5, 2, 3, 4])], { from: 0, to: 6 }, 2);
  expect(drawn(overview)).toBe("M0.5,1 L0.5,1 L0.5,9 L1.5,2 L1.5,4");
  expect([overview.low, overview.high]).toEqual([1, 9]);
});

test("the overview breaks exactly where the line does", () => {
  const range = { from: 0, to: 8 };
  expect(drawn(new OverviewLine([part(0, [1, null, 2])], range, 8))).toBe(
    "M0.5,1 L0.5,1 L0.5,1 M2.5,2 L2.5,2 L2.5,2",
  );
  const sparse = new OverviewLine([part(0, [1]), part(6, [2])], range, 8);
  expect(drawn(sparse)).toBe("M0.5,1 L0.5,1 L0.5,1 L6.5,2 L6.5,2");
});

test("a part counts up to the start of the next, and nothing outside the range counts", () => {
  const overview = new OverviewLine(
    [part(-2, [90, 90, 1, 1, 50]), part(2, [3, 3, 90])],
    { from: 0, to: 4 },
    4,
  );
  expect([overview.low, overview.high]).toEqual([1, 3]);
  const empty = new OverviewLine([part(0, [])], { from: 0, to: 4 }, 4);
  expect(drawn(empty)).toBe("");
});
