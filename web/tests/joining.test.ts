/** What the page requests when it joins: after a loss, after a reload, and after a long absence. */

import { expect, test } from "vitest";
import { encodeJoining, isJoining } from "../src/client/protocol";
import { TopicBuffer } from "../src/topic_buffer";
import { WallClock } from "../src/wall_clock";
import { batch, data, dueAt, hello, segment } from "./messages";

const WINDOW_MS = 10_000;
const DELAY_MS = 150;
/** `seq` of the newest record, at 100 records per second. */
const NEWEST = 5_000;
const newestAt = dueAt(NEWEST) / 1000;

function joined(rest: Parameters<typeof hello>[0] = {}): TopicBuffer {
  const buffer = new TopicBuffer(WINDOW_MS);
  buffer.apply(hello({ seq: NEWEST, ...rest }));
  buffer.apply(batch(NEWEST - 99, 100));
  return buffer;
}

test("a new page requests nothing and gets the topic's backfill", () => {
  expect(new TopicBuffer(WINDOW_MS).joining(newestAt)).toBeUndefined();
});

test("while the newest record is in the window, the records after it are requested", () => {
  for (const awayMs of [0, 1, 5_000, WINDOW_MS + DELAY_MS]) {
    expect(joined().joining(newestAt + awayMs)).toEqual({ since: `e1:${NEWEST}` });
  }
});

test("after that, only the window is requested", () => {
  for (const awayMs of [WINDOW_MS + DELAY_MS + 1, 60_000, 86_400_000]) {
    expect(joined().joining(newestAt + awayMs)).toEqual({ last: 1_017 });
  }
});

test("the request covers the window and no more, at any rate and after any time", () => {
  for (const rate of [0.001, 0.7, 3, 100, 9_999.9]) {
    const buffer = new TopicBuffer(WINDOW_MS);
    buffer.apply(hello({ timeline: { ...segment, rate } }));
    buffer.apply(data(1));
    for (let awayMs = 0; awayMs < 40_000; awayMs += 611) {
      const joining = buffer.joining(dueAt(1) / 1000 + awayMs);
      const window = (rate * (WINDOW_MS + DELAY_MS)) / 1000;
      if (joining && "last" in joining) {
        expect(joining.last).toBeGreaterThan(window);
        expect(joining.last).toBeLessThanOrEqual(window + 3);
      } else expect((rate * awayMs) / 1000).toBeLessThanOrEqual(window);
    }
  }
});

test("after an absence of unknown length, the window is requested", () => {
  expect(joined().joining(undefined)).toEqual({ last: 1_017 });
});

test("before the first record the window is requested", () => {
  const buffer = new TopicBuffer(WINDOW_MS);
  buffer.apply(hello());
  expect(buffer.joining(newestAt)).toEqual({ last: 1_017 });
});

test("for a live topic, whose rate is unknown, the backfill is used instead of a window", () => {
  const buffer = joined({ timeline: null });
  expect(buffer.joining(newestAt + WINDOW_MS)).toEqual({ since: `e1:${NEWEST}` });
  expect(buffer.joining(newestAt + 60_000)).toBeUndefined();
});

test("after the end of a topic its last position stays valid", () => {
  const buffer = joined();
  buffer.apply({ type: "end", seq: NEWEST, t: dueAt(NEWEST) });
  for (const hubNow of [newestAt + 86_400_000, undefined])
    expect(buffer.joining(hubNow)).toEqual({ since: `e1:${NEWEST}` });
});

test("a window with more records than the buffer holds requests as many as fit", () => {
  const buffer = new TopicBuffer(3_600_000);
  buffer.apply(hello({ timeline: { ...segment, rate: 10_000 } }));
  expect(buffer.joining(newestAt)).toEqual({ last: 262_144 });
});

test("the request is encoded in the query", () => {
  expect([undefined, { since: "e1:7" }, { last: 3 }].map(encodeJoining)).toEqual([
    "",
    "?since=e1%3A7",
    "?last=3",
  ]);
});

test.each([
  { since: "" },
  { since: "undefined" },
  { since: "E1:7" },
  { since: "e1:-7" },
  { since: "e1:9007199254740992" },
  { last: -1 },
  { last: 0.5 },
  { last: Number.NaN },
])("%j is not a valid request", (joining) => expect(isJoining(joining)).toBe(false));

test.each([undefined, { since: "e1:0" }, { since: `${"k".repeat(32)}:9007199254740991` }, { last: 0 }])(
  "%j is a valid request",
  (joining) => expect(isJoining(joining)).toBe(true),
);

test("the wall clock includes time that the page's clock missed while suspended", () => {
  const wall = new WallClock();
  expect(wall.latest(5_000, undefined)).toBeUndefined();
  expect(wall.latest(5_000, 70)).toBe(70);
  wall.set({ hubAt: 1_000, wallAt: 5_000 });
  expect(wall.latest(5_500, undefined)).toBe(1_500);
  expect(wall.latest(5_500, 1_510)).toBe(1_510);
  expect(wall.latest(3_605_000, 1_510)).toBe(3_601_000);
});

test("a wall clock that was set back is ignored", () => {
  const wall = new WallClock();
  wall.set({ hubAt: 1_000, wallAt: 5_000 });
  expect(wall.latest(4_999, 1_510)).toBe(1_510);
  expect(wall.latest(4_999, undefined)).toBeUndefined();
});
