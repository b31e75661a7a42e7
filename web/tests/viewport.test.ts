/** Which part of the timeline a view shows while the newest instant advances. */

import { expect, test } from "vitest";
import { reducedMotionInstant } from "../src/live_chart/frame_loop";
import { Viewport, WINDOW_MIN_MS } from "../src/viewport";

const WINDOW_MS = 10_000;

function view(): Viewport {
  const viewport = new Viewport(WINDOW_MS);
  viewport.setOldest(0);
  return viewport;
}

test("a new view follows the newest instant", () => {
  const viewport = view();
  expect([viewport.state, viewport.end(50_000), viewport.behindMs(50_000)]).toEqual(["following", 50_000, 0]);
});

test("a paused view stands still and resumes from there", () => {
  const viewport = view();
  viewport.pause(50_000);
  expect([viewport.state, viewport.end(53_000), viewport.behindMs(53_000)]).toEqual([
    "paused",
    50_000,
    3_000,
  ]);
  viewport.resume(53_000);
  expect([viewport.state, viewport.end(60_000)]).toEqual(["playing", 57_000]);
});

test("a view resumed without having fallen behind follows live again", () => {
  const viewport = view();
  viewport.pause(50_000);
  viewport.resume(50_000);
  expect(viewport.state).toBe("following");
});

test("resuming a view that is not paused changes nothing", () => {
  const viewport = view();
  viewport.moveBy(-5_000, 50_000);
  viewport.resume(50_000);
  expect([viewport.state, viewport.behindMs(50_000)]).toEqual(["playing", 5_000]);
});

test("a view moved back plays behind live, and follows again when moved to the newest instant", () => {
  const viewport = view();
  viewport.moveBy(-5_000, 50_000);
  expect([viewport.state, viewport.end(51_000)]).toEqual(["playing", 46_000]);
  viewport.moveBy(4_900, 51_000);
  expect(viewport.state).toBe("following");
});

test("a dragged view moves only with the pointer, and continues when released", () => {
  const viewport = view();
  viewport.grab(50_000);
  for (let i = 1; i <= 30; i += 1) viewport.moveBy(-100, 50_000 + i);
  expect([viewport.state, viewport.end(51_000)]).toEqual(["playing", 47_000]);
  viewport.release(51_000);
  expect([viewport.state, viewport.end(52_000)]).toEqual(["playing", 48_000]);
});

test("a view dragged away and back follows live again", () => {
  const viewport = view();
  viewport.grab(50_000);
  viewport.moveBy(-3_000, 50_500);
  viewport.moveBy(2_990, 50_600);
  viewport.release(50_100);
  expect(viewport.state).toBe("following");
});

test("a paused view that is dragged stays paused", () => {
  const viewport = view();
  viewport.pause(50_000);
  viewport.grab(51_000);
  viewport.moveBy(-1_000, 51_000);
  viewport.release(52_000);
  expect([viewport.state, viewport.end(52_000)]).toEqual(["paused", 49_000]);
});

test("a paused view that is moved stays paused, even at the newest instant", () => {
  const viewport = view();
  viewport.pause(50_000);
  viewport.moveBy(60_000, 51_000);
  expect([viewport.state, viewport.end(52_000)]).toEqual(["paused", 51_000]);
});

test("a view cannot be moved before the oldest or beyond the newest instant", () => {
  const viewport = view();
  viewport.pause(50_000);
  viewport.moveTo(-1e9, 50_000);
  expect(viewport.end(50_000)).toBe(WINDOW_MS);
  viewport.moveTo(1e9, 50_000);
  expect(viewport.end(50_000)).toBe(50_000);
});

test("a timeline shorter than the window is shown up to its newest instant", () => {
  const viewport = view();
  viewport.pause(3_000);
  viewport.moveTo(1_000, 3_000);
  expect(viewport.end(3_000)).toBe(3_000);
});

test("a view that follows live keeps following while zoomed", () => {
  const viewport = view();
  viewport.zoom(0.5, 47_000, 50_000);
  expect([viewport.state, viewport.windowMs]).toEqual(["following", 5_000]);
});

test("zooming a view behind live keeps the instant under the pointer in place", () => {
  const viewport = view();
  viewport.pause(50_000);
  viewport.moveTo(30_000, 50_000);
  viewport.zoom(0.5, 24_000, 50_000);
  const share = (24_000 - (viewport.end(50_000) - viewport.windowMs)) / viewport.windowMs;
  expect(share).toBeCloseTo(0.4);
  for (let i = 0; i < 50; i += 1) viewport.zoom(0.5, 24_000, 50_000);
  expect(viewport.windowMs).toBe(WINDOW_MIN_MS);
});

test("showing a range pauses the view", () => {
  const viewport = view();
  viewport.showRange(20_000, 22_500, 50_000);
  expect([viewport.state, viewport.end(51_000), viewport.windowMs]).toEqual(["paused", 22_500, 2_500]);
});

test("reset restores the initial window and follows live", () => {
  const viewport = view();
  viewport.showRange(20_000, 22_500, 50_000);
  viewport.reset();
  expect([viewport.state, viewport.windowMs]).toEqual(["following", WINDOW_MS]);
});

test("reset restores a default window that was set later", () => {
  const viewport = view();
  viewport.setDefaultWindow(60_000);
  expect(viewport.windowMs).toBe(60_000);
  viewport.setWindow(2_000);
  viewport.reset();
  expect(viewport.windowMs).toBe(60_000);
});

test("an oldest instant that is no longer known does not limit the view", () => {
  const viewport = view();
  viewport.setOldest(40_000);
  viewport.setOldest(Number.NEGATIVE_INFINITY);
  viewport.pause(50_000);
  viewport.moveTo(5_000, 50_000);
  expect(viewport.end(50_000)).toBe(5_000);
});

test("with reduced motion all screens step at the same instants, twice a second", () => {
  expect([1_000, 1_499, 1_500].map((playhead) => reducedMotionInstant(playhead, true))).toEqual([
    1_000, 1_000, 1_500,
  ]);
  expect(reducedMotionInstant(1_499, false)).toBe(1_499);
});
