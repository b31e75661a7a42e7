/** Topics whose records have time stamps of their own, and topics that are played faster or slower than at their pace. */

import { expect, test } from "vitest";
import { recordsPerSecond } from "../src/client/playout";
import type { TimelineSegment } from "../src/client/protocol";
import { decode } from "../src/client/protocol/decode";
import { TopicBuffer } from "../src/topic_buffer";
import { Seams } from "../src/topic_buffer/laps";
import { dueAt, PlayoutClock } from "../src/topic_buffer/playout_clock";
import { hello, START, segment } from "./messages";

const WINDOW_MS = 10_000;
const stamped: TimelineSegment = { ...segment, position0: null, rate: null, speed: 2 };
/** Ten milliseconds of dataset time between two records, which take five. */
const fast: TimelineSegment = { ...segment, position0: null, speed: 2 };

function joined(timeline: TimelineSegment): TopicBuffer {
  const buffer = new TopicBuffer(WINDOW_MS);
  buffer.apply(hello({ timeline }));
  return buffer;
}

test("records with equal time stamps are all kept", () => {
  const buffer = joined(stamped);
  const records = [1, 2, 3, 4].map((value) => ({ value }));
  buffer.apply({ type: "batch", seq: 1, t: START, dt: [0, 0, 0, 7_000], data: records });
  buffer.apply({ type: "data", seq: 5, t: START + 7_000, data: { value: 5 } });
  const { times, seqs, begin, end } = buffer.samples();
  const first = START / 1000;
  expect([...seqs.slice(begin, end)]).toEqual([1, 2, 3, 4, 5]);
  expect([...times.slice(begin, end)]).toEqual([first, first, first, first + 7, first + 7]);
  expect(buffer.missed).toBe(0);
});

test("the interval of records with time stamps is not known, so the backfill is requested", () => {
  const buffer = joined(stamped);
  expect(buffer.rate).toBe(0);
  expect(buffer.periodMs(START / 1000)).toBeUndefined();
  expect(buffer.joining(START / 1000 + 60_000)).toBeUndefined();
});

test("the window is requested at the rate that results from the speed", () => {
  expect(recordsPerSecond(fast)).toBe(200);
  expect(joined(fast).joining(START / 1000 + 60_000)).toEqual({ last: 2_032 });
});

test("a record is due when dataset time reaches it", () => {
  const start = START / 1000;
  expect(dueAt(fast, 3)).toBe(start + 10);
  // Four of the ten milliseconds before the record are over.
  const changed = { ...fast, seq0: 8, index0: 7, position0: 64_000 };
  expect([8, 9].map((seq) => dueAt(changed, seq))).toEqual([start + 3, start + 8]);
  expect(dueAt(stamped, 1)).toBeUndefined();
  const clock = new PlayoutClock();
  clock.onHello(hello({ timeline: stamped }));
  expect(clock.dueAfter(1, start)).toBe(Number.POSITIVE_INFINITY);
});

test("laps begin faster at a greater speed, and are not known of records with time stamps", () => {
  const find = (timeline: TimelineSegment) => {
    const state = { at: START / 1000, segment: timeline, delayMs: 0, since: 0, fromMs: 0 };
    const seams = new Seams().find([state], 50, START / 1000, START / 1000 + 600);
    return seams.map(({ at, lap }) => [at - START / 1000, lap]);
  };
  expect(find(fast)).toEqual([
    [250, 2],
    [500, 3],
  ]);
  expect(find(stamped)).toEqual([]);
});

test("a timeline without a rate is valid, and so is one of a hub that knows no speed", () => {
  for (const timeline of [stamped, fast, segment]) {
    const state = { type: "state", t: START, timeline, delay: 0, by: "configuration" };
    expect(decode(JSON.stringify(state))).toEqual(state);
  }
  const wrong = { type: "state", t: START, timeline: { ...stamped, speed: 0 }, delay: 0, by: "x" };
  expect(decode(JSON.stringify(wrong))).toBeUndefined();
});
