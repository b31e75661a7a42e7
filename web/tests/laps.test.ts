/** Positions, laps and seams of a dataset, from the segments of its timeline. */

import { expect, test } from "vitest";
import type { PlayoutState } from "../src/client/playout";
import type { TimelineSegment } from "../src/client/protocol";
import { datasetIndex, lapOf, Seams } from "../src/topic_buffer/laps";
import { START, segment } from "./messages";

const at = (ms: number) => START / 1000 + ms;

function state(given: TimelineSegment): PlayoutState {
  return { at: given.t0 / 1000, segment: given, delayMs: 0, since: 0, fromMs: 0 };
}

/** The seams between two instants, in milliseconds after the start. */
function found(states: readonly PlayoutState[], len: number, from: number, to: number) {
  const seams = new Seams().find(states, len, at(from), at(to));
  return seams.map((seam) => [seam.at - at(0), seam.lap]);
}

test("a publication is a record of the dataset, in a lap", () => {
  expect([1, 50, 51, 101].map((seq) => datasetIndex(segment, 50, seq))).toEqual([0, 49, 0, 0]);
  expect([1, 50, 51, 101].map((seq) => lapOf(segment, 50, seq))).toEqual([1, 1, 2, 3]);
});

test("a later segment continues the laps", () => {
  const later = { ...segment, seq0: 121, index0: 20 };
  expect(datasetIndex(later, 50, 150)).toBe(49);
  expect(datasetIndex(later, 50, 120)).toBe(19);
  expect([150, 151].map((seq) => lapOf(later, 50, seq))).toEqual([3, 4]);
});

test("after the dataset was moved its lap is unknown", () => {
  expect(lapOf({ ...segment, seq0: 121, index0: 7 }, 50, 130)).toBeUndefined();
});

test("a lap begins where the first record follows the last, and not at the very beginning", () => {
  // 50 records at 100 per second.
  expect(found([state(segment)], 50, -1_000, 1_100)).toEqual([
    [500, 2],
    [1_000, 3],
  ]);
  expect(found([state(segment)], 50, 500, 1_000)).toEqual([[500, 2]]);
  expect(found([state(segment)], 50, 501, 999)).toEqual([]);
});

test("a changed rate moves the seams after it", () => {
  const slower = { ...segment, seq0: 76, index0: 25, t0: START + 750_000, rate: 50 };
  expect(found([state(segment), state(slower)], 50, 0, 2_500)).toEqual([
    [500, 2],
    [1_250, 3],
    [2_250, 4],
  ]);
});

test("before the first segment known, and while the timeline is paused, there are no seams", () => {
  const later = { ...segment, seq0: 121, index0: 20, t0: START + 1_200_000 };
  expect(found([state(later)], 50, 0, 1_600)).toEqual([[1_500, 4]]);
  expect(found([state({ ...segment, playing: false })], 50, 0, 1_600)).toEqual([]);
});

test("too many seams are not marked", () => {
  expect(found([state(segment)], 1, 0, 60_000)).toEqual([]);
});

test("the same objects are refilled", () => {
  const seams = new Seams();
  const [first] = seams.find([state(segment)], 50, at(0), at(600));
  expect(seams.find([state(segment)], 50, at(600), at(1_100))[0]).toBe(first);
});
