/** Which part of the timeline a view shows, while the newest instant goes on. */

import { expect, test } from "vitest";
import { Playback, WINDOW_MIN_MS } from "../src/playback";

const WINDOW_MS = 10_000;

function view(): Playback {
  const playback = new Playback(WINDOW_MS);
  playback.beginAt(0);
  return playback;
}

test("a new view follows the newest instant", () => {
  const playback = view();
  expect([playback.state, playback.end(50_000), playback.behindMs(50_000)]).toEqual(["following", 50_000, 0]);
});

test("a paused view stands still and goes on from there", () => {
  const playback = view();
  playback.pause(50_000);
  expect([playback.state, playback.end(53_000), playback.behindMs(53_000)]).toEqual([
    "paused",
    50_000,
    3_000,
  ]);
  playback.resume(53_000);
  expect([playback.state, playback.end(60_000)]).toEqual(["playing", 57_000]);
});

test("a view that was paused where the line stands still follows again at once", () => {
  const playback = view();
  playback.pause(50_000);
  playback.resume(50_000);
  expect(playback.state).toBe("following");
});

test("to resume what is not paused changes nothing", () => {
  const playback = view();
  playback.moveBy(-5_000, 50_000);
  playback.resume(50_000);
  expect([playback.state, playback.behindMs(50_000)]).toEqual(["playing", 5_000]);
});

test("a view that is moved back plays on behind, and follows when it is moved to the newest", () => {
  const playback = view();
  playback.moveBy(-5_000, 50_000);
  expect([playback.state, playback.end(51_000)]).toEqual(["playing", 46_000]);
  playback.moveBy(4_900, 51_000);
  expect(playback.state).toBe("following");
});

test("a view that is dragged stands still under the hand, and goes on when it is let go", () => {
  const playback = view();
  playback.grab(50_000);
  for (let i = 1; i <= 30; i += 1) playback.moveBy(-100, 50_000 + i);
  expect([playback.state, playback.end(51_000)]).toEqual(["playing", 47_000]);
  playback.release(51_000);
  expect([playback.state, playback.end(52_000)]).toEqual(["playing", 48_000]);
});

test("a view that is dragged and brought back follows again", () => {
  const playback = view();
  playback.grab(50_000);
  playback.moveBy(-3_000, 50_500);
  playback.moveBy(2_990, 50_600);
  playback.release(50_100);
  expect(playback.state).toBe("following");
});

test("a paused view that is dragged stays paused", () => {
  const playback = view();
  playback.pause(50_000);
  playback.grab(51_000);
  playback.moveBy(-1_000, 51_000);
  playback.release(52_000);
  expect([playback.state, playback.end(52_000)]).toEqual(["paused", 49_000]);
});

test("a paused view that is moved stays paused, also at the newest", () => {
  const playback = view();
  playback.pause(50_000);
  playback.moveBy(60_000, 51_000);
  expect([playback.state, playback.end(52_000)]).toEqual(["paused", 51_000]);
});

test("no view can be moved before the beginning or beyond the newest", () => {
  const playback = view();
  playback.pause(50_000);
  playback.moveTo(-1e9, 50_000);
  expect(playback.end(50_000)).toBe(WINDOW_MS);
  playback.moveTo(1e9, 50_000);
  expect(playback.end(50_000)).toBe(50_000);
});

test("a timeline younger than the window is shown up to its newest", () => {
  const playback = view();
  playback.pause(3_000);
  playback.moveTo(1_000, 3_000);
  expect(playback.end(3_000)).toBe(3_000);
});

test("whoever follows and zooms goes on following", () => {
  const playback = view();
  playback.zoom(0.5, 47_000, 50_000);
  expect([playback.state, playback.windowMs]).toEqual(["following", 5_000]);
});

test("what stands under the pointer stays there while a view behind is zoomed", () => {
  const playback = view();
  playback.pause(50_000);
  playback.moveTo(30_000, 50_000);
  playback.zoom(0.5, 24_000, 50_000);
  const share = (24_000 - (playback.end(50_000) - playback.windowMs)) / playback.windowMs;
  expect(share).toBeCloseTo(0.4);
  for (let i = 0; i < 50; i += 1) playback.zoom(0.5, 24_000, 50_000);
  expect(playback.windowMs).toBe(WINDOW_MIN_MS);
});

test("a range that is shown stands still", () => {
  const playback = view();
  playback.show(20_000, 22_500, 50_000);
  expect([playback.state, playback.end(51_000), playback.windowMs]).toEqual(["paused", 22_500, 2_500]);
});

test("a reset brings back the window of the beginning, live", () => {
  const playback = view();
  playback.show(20_000, 22_500, 50_000);
  playback.reset();
  expect([playback.state, playback.windowMs]).toEqual(["following", WINDOW_MS]);
});

test("a window that was settled later is what a reset brings back", () => {
  const playback = view();
  playback.settle(60_000);
  expect(playback.windowMs).toBe(60_000);
  playback.showWindow(2_000);
  playback.reset();
  expect(playback.windowMs).toBe(60_000);
});

test("where nobody knows the beginning any more, it holds nobody back", () => {
  const playback = view();
  playback.beginAt(40_000);
  playback.beginAt(Number.NEGATIVE_INFINITY);
  playback.pause(50_000);
  playback.moveTo(5_000, 50_000);
  expect(playback.end(50_000)).toBe(5_000);
});
