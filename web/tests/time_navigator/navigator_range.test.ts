/** The range of the time navigator, its handle, and its keys. */

import { expect, test } from "vitest";
import {
  AUTO_ZOOM,
  HANDLE_LEAST_PX,
  handleBounds,
  keepViewVisible,
  keyTarget,
  type NavigatorState,
  type NavigatorZoom,
  shownRange,
  spanOf,
  toInstant,
  toX,
  zoom,
} from "../../src/time_navigator/navigator_range";
import { seeded } from "../samples";

const MINUTE = 60_000;
const YEAR = 365 * 86_400_000;

/** An epoch of one year, and a view of ten seconds that ends at `end`. */
function state(end = YEAR, windowMs = 10_000, newest = YEAR): NavigatorState {
  return { oldest: 0, newest, view: { from: end - windowMs, to: end } };
}

test("by default the navigator shows ten minutes, more for a wide view, and never more than the epoch", () => {
  expect(spanOf(AUTO_ZOOM, state())).toBe(10 * MINUTE);
  expect(spanOf(AUTO_ZOOM, state(YEAR, 5 * MINUTE))).toBe(100 * MINUTE);
  expect(spanOf(AUTO_ZOOM, state(MINUTE, 10_000, MINUTE))).toBe(MINUTE);
  expect(spanOf(AUTO_ZOOM, state(YEAR, 2 * YEAR))).toBe(YEAR);
});

test("the newest instant is at the right edge while the view is in range", () => {
  for (const behind of [0, MINUTE, 9 * MINUTE]) {
    const choice = keepViewVisible(AUTO_ZOOM, state(YEAR - behind));
    expect(shownRange(choice, state(YEAR - behind))).toEqual({ from: YEAR - 10 * MINUTE, to: YEAR });
  }
});

test("the range follows a view that leaves it, and returns when the view is live", () => {
  let choice: NavigatorZoom = AUTO_ZOOM;
  for (const end of [YEAR - 11 * MINUTE, YEAR / 2, YEAR / 2 + 3 * MINUTE, 30 * MINUTE, 10_000, YEAR]) {
    const now = state(end);
    choice = keepViewVisible(choice, now);
    const { from, to } = shownRange(choice, now);
    expect(from).toBeLessThanOrEqual(now.view.from);
    expect(to).toBeGreaterThanOrEqual(now.view.to);
    expect(from).toBeGreaterThanOrEqual(0);
    expect(to).toBeLessThanOrEqual(YEAR);
    expect(keepViewVisible(choice, now)).toEqual(choice);
  }
  expect(choice).toEqual(AUTO_ZOOM);
});

test("zooming keeps the instant under the pointer, from the view up to the whole epoch", () => {
  const now = state(YEAR / 2);
  const before = keepViewVisible(AUTO_ZOOM, now);
  const anchor = YEAR / 2 - MINUTE;
  const after = zoom(before, now, 3, anchor);
  expect(toX(anchor, shownRange(after, now), 1_000)).toBeCloseTo(toX(anchor, shownRange(before, now), 1_000));
  expect(shownRange(keepViewVisible(zoom(before, now, 1e9, anchor), now), now)).toEqual({
    from: 0,
    to: YEAR,
  });
  expect(spanOf(zoom(before, now, 1e-9, anchor), now)).toBe(10_000);
});

test("the handle can always be grabbed and stays inside the navigator", () => {
  const random = seeded(3);
  for (let i = 0; i < 1_000; i += 1) {
    const width = 100 + random() * 2_000;
    const windowMs = 100 * 10 ** (random() * 8);
    const now = state(YEAR * random(), windowMs);
    const choice = keepViewVisible({ spanMs: YEAR * random(), end: undefined }, now);
    const { left, right } = handleBounds(now.view, shownRange(choice, now), width);
    expect(right - left).toBeGreaterThanOrEqual(HANDLE_LEAST_PX - 1e-6);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(width);
  }
});

test("pixels and instants convert both ways", () => {
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
])("%s moves the view to %s", (key, target) => {
  expect(keyTarget(key, state(500_000))).toBe(target);
});

test("keys move neither before the beginning nor beyond the newest instant", () => {
  expect(keyTarget("PageDown", state(5_000))).toBe(0);
  expect(keyTarget("PageUp", state(YEAR - 10))).toBe(YEAR);
  expect(keyTarget("Home", state(5_000, 10_000, 6_000))).toBe(6_000);
});
