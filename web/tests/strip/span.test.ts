/** Which stretch the strip shows, where its handle is, and where keys lead. */

import { expect, test } from "vitest";
import {
  AUTOMATIC,
  type Choice,
  follow,
  HANDLE_LEAST_PX,
  handle,
  keyTarget,
  type Place,
  rangeOf,
  spanOf,
  toInstant,
  toX,
  zoom,
} from "../../src/strip/span";
import { seeded } from "../random";

const MINUTE = 60_000;
const YEAR = 365 * 86_400_000;

/** An epoch of a year that ends at its length, and a view of ten seconds. */
function place(end = YEAR, windowMs = 10_000, newest = YEAR): Place {
  return { oldest: 0, newest, view: { from: end - windowMs, to: end } };
}

test("by itself the strip shows ten minutes, more for a wide view, and never more than there is", () => {
  expect(spanOf(AUTOMATIC, place())).toBe(10 * MINUTE);
  expect(spanOf(AUTOMATIC, place(YEAR, 5 * MINUTE))).toBe(100 * MINUTE);
  expect(spanOf(AUTOMATIC, place(MINUTE, 10_000, MINUTE))).toBe(MINUTE);
  expect(spanOf(AUTOMATIC, place(YEAR, 2 * YEAR))).toBe(YEAR);
});

test("the newest is at its right edge for as long as the view is on the strip", () => {
  for (const behind of [0, MINUTE, 9 * MINUTE]) {
    const choice = follow(AUTOMATIC, place(YEAR - behind));
    expect(rangeOf(choice, place(YEAR - behind))).toEqual({ from: YEAR - 10 * MINUTE, to: YEAR });
  }
});

test("a view that leaves the strip takes it along, and the newest brings it back", () => {
  let choice: Choice = AUTOMATIC;
  for (const end of [YEAR - 11 * MINUTE, YEAR / 2, YEAR / 2 + 3 * MINUTE, 30 * MINUTE, 10_000, YEAR]) {
    const now = place(end);
    choice = follow(choice, now);
    const { from, to } = rangeOf(choice, now);
    expect(from).toBeLessThanOrEqual(now.view.from);
    expect(to).toBeGreaterThanOrEqual(now.view.to);
    expect(from).toBeGreaterThanOrEqual(0);
    expect(to).toBeLessThanOrEqual(YEAR);
    expect(follow(choice, now)).toEqual(choice);
  }
  expect(choice).toEqual(AUTOMATIC);
});

test("zooming keeps what is under the pointer, from the view up to the whole epoch", () => {
  const now = place(YEAR / 2);
  const before = follow(AUTOMATIC, now);
  const anchor = YEAR / 2 - MINUTE;
  const after = zoom(before, now, 3, anchor);
  expect(toX(anchor, rangeOf(after, now), 1_000)).toBeCloseTo(toX(anchor, rangeOf(before, now), 1_000));
  expect(rangeOf(follow(zoom(before, now, 1e9, anchor), now), now)).toEqual({ from: 0, to: YEAR });
  expect(spanOf(zoom(before, now, 1e-9, anchor), now)).toBe(10_000);
});

test("the handle can always be grabbed, and lies on the strip", () => {
  const random = seeded(3);
  for (let i = 0; i < 1_000; i += 1) {
    const width = 100 + random() * 2_000;
    const windowMs = 100 * 10 ** (random() * 8);
    const now = place(YEAR * random(), windowMs);
    const choice = follow({ spanMs: YEAR * random(), end: undefined }, now);
    const { left, right } = handle(now.view, rangeOf(choice, now), width);
    expect(right - left).toBeGreaterThanOrEqual(HANDLE_LEAST_PX - 1e-6);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(width);
  }
});

test("pixels and instants lead to each other", () => {
  const range = { from: 1_000, to: 3_000 };
  expect(toX(1_500, range, 400)).toBe(100);
  expect(toInstant(100, range, 400)).toBe(1_500);
});

test.each([
  ["ArrowLeft", 499_000],
  ["ArrowDown", 499_000],
  ["ArrowRight", 501_000],
  ["ArrowUp", 501_000],
  ["PageDown", 490_000],
  ["PageUp", 510_000],
  ["Home", 10_000],
  ["End", "live"],
  ["x", undefined],
])("%s leads to %s", (key, target) => {
  expect(keyTarget(key, place(500_000))).toBe(target);
});

test("keys lead neither before the beginning nor beyond the newest", () => {
  expect(keyTarget("PageDown", place(5_000))).toBe(0);
  expect(keyTarget("PageUp", place(YEAR - 10))).toBe(YEAR);
  expect(keyTarget("Home", place(5_000, 10_000, 6_000))).toBe(6_000);
});
