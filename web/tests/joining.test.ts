/** What the page asks the hub for: after a loss, after a reload, and after having been away for long. */

import { expect, test } from "vitest";
import { encodeJoining, isJoining } from "../src/client/protocol";
import { Timeline } from "../src/timeline";
import { WallClock } from "../src/wall";
import { batch, data, dueAt, hello, segment } from "./messages";

const WINDOW_MS = 10_000;
const DELAY_MS = 150;
/** Of the records of a test, at a hundred a second. */
const NEWEST = 5_000;
const newestAt = dueAt(NEWEST) / 1000;

function joined(rest: Parameters<typeof hello>[0] = {}): Timeline {
  const timeline = new Timeline(WINDOW_MS);
  timeline.apply(hello({ seq: NEWEST, ...rest }));
  timeline.apply(batch(NEWEST - 99, 100));
  return timeline;
}

test("whoever never was here asks for nothing, and gets the topic's backfill", () => {
  expect(new Timeline(WINDOW_MS).joining(newestAt)).toBeUndefined();
});

test("as long as the newest record is in the window, what follows it is asked for", () => {
  for (const awayMs of [0, 1, 5_000, WINDOW_MS + DELAY_MS]) {
    expect(joined().joining(newestAt + awayMs)).toEqual({ since: `e1:${NEWEST}` });
  }
});

test("after that, no more than the window is asked for", () => {
  for (const awayMs of [WINDOW_MS + DELAY_MS + 1, 60_000, 86_400_000]) {
    expect(joined().joining(newestAt + awayMs)).toEqual({ last: 1_017 });
  }
});

test("what is asked for never exceeds the window and reaches its beginning, at any rate and after any time", () => {
  for (const rate of [0.001, 0.7, 3, 100, 9_999.9]) {
    const timeline = new Timeline(WINDOW_MS);
    timeline.apply(hello({ timeline: { ...segment, rate } }));
    timeline.apply(data(1));
    for (let awayMs = 0; awayMs < 40_000; awayMs += 611) {
      const joining = timeline.joining(dueAt(1) / 1000 + awayMs);
      const window = (rate * (WINDOW_MS + DELAY_MS)) / 1000;
      if (joining && "last" in joining) {
        expect(joining.last).toBeGreaterThan(window);
        expect(joining.last).toBeLessThanOrEqual(window + 3);
      } else expect((rate * awayMs) / 1000).toBeLessThanOrEqual(window);
    }
  }
});

test("if nobody knows how long it was, the window is asked for", () => {
  expect(joined().joining(undefined)).toEqual({ last: 1_017 });
});

test("before the first record the window is asked for", () => {
  const timeline = new Timeline(WINDOW_MS);
  timeline.apply(hello());
  expect(timeline.joining(newestAt)).toEqual({ last: 1_017 });
});

test("nobody knows how many records of a live topic make a window, so its backfill is taken", () => {
  const timeline = joined({ timeline: null });
  expect(timeline.joining(newestAt + WINDOW_MS)).toEqual({ since: `e1:${NEWEST}` });
  expect(timeline.joining(newestAt + 60_000)).toBeUndefined();
});

test("what has ended stays in the window for ever, and its last position good", () => {
  const timeline = joined();
  timeline.apply({ type: "end", seq: NEWEST, t: dueAt(NEWEST) });
  for (const hubNow of [newestAt + 86_400_000, undefined])
    expect(timeline.joining(hubNow)).toEqual({ since: `e1:${NEWEST}` });
});

test("a window of more records than fit asks for as many as fit", () => {
  const timeline = new Timeline(3_600_000);
  timeline.apply(hello({ timeline: { ...segment, rate: 10_000 } }));
  expect(timeline.joining(newestAt)).toEqual({ last: 262_144 });
});

test("the address says what is asked for", () => {
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
])("no hub can read %j", (joining) => expect(isJoining(joining)).toBe(false));

test.each([undefined, { since: "e1:0" }, { since: `${"k".repeat(32)}:9007199254740991` }, { last: 0 }])(
  "any hub can read %j",
  (joining) => expect(isJoining(joining)).toBe(true),
);

test("the wall clock knows of the time that the page's clock slept through", () => {
  const wall = new WallClock();
  expect(wall.latest(5_000, undefined)).toBeUndefined();
  expect(wall.latest(5_000, 70)).toBe(70);
  wall.mark({ hubAt: 1_000, wallAt: 5_000 });
  expect(wall.latest(5_500, undefined)).toBe(1_500);
  expect(wall.latest(5_500, 1_510)).toBe(1_510);
  expect(wall.latest(3_605_000, 1_510)).toBe(3_601_000);
});

test("a wall clock that was set back is not asked", () => {
  const wall = new WallClock();
  wall.mark({ hubAt: 1_000, wallAt: 5_000 });
  expect(wall.latest(4_999, 1_510)).toBe(1_510);
  expect(wall.latest(4_999, undefined)).toBeUndefined();
});
