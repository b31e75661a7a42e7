/** What a reload restores: the same picture, or nothing. */

import { expect, test } from "vitest";
import type { HubMessage } from "../src/client/protocol";
import { RECORDS_MAX, type SessionStorageArea, SnapshotStore } from "../src/snapshot_store";
import { TopicBuffer } from "../src/topic_buffer";
import { batch, data, dueAt, hello, START, segment } from "./messages";
import { samplesOf } from "./samples";

const WINDOW_MS = 10_000;

/** A storage area with a limited number of characters. */
class FakeStorage implements SessionStorageArea {
  readonly items = new Map<string, string>();
  readonly #room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.#room = room;
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    if (text.length > this.#room) throw new Error("QuotaExceededError");
    this.items.set(key, text);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

function session(
  store: SessionStorageArea,
  topic: string | undefined = "ecg",
  windowMs = WINDOW_MS,
): SnapshotStore {
  return new SnapshotStore({ store: () => store, topic, windowMs });
}

function timelineOf(messages: readonly HubMessage[], windowMs = WINDOW_MS): TopicBuffer {
  const timeline = new TopicBuffer(windowMs);
  for (const message of messages) timeline.apply(message);
  return timeline;
}

/** Reloads the page at this hub time. */
function reloaded(
  before: TopicBuffer,
  hubAt: number,
  store: SessionStorageArea = new FakeStorage(),
): TopicBuffer {
  session(store).write({ messages: before.snapshot(hubAt, RECORDS_MAX), hubAt, wallAt: hubAt }, WINDOW_MS);
  return timelineOf(session(store).read()?.messages ?? []);
}

function samples(timeline: TopicBuffer) {
  const { times, seqs, columns } = samplesOf(timeline);
  return { times, seqs, columns, values: columns[0] ?? [] };
}

test("after a reload the picture and its breaks are the same, and the stream resumes from the same position", () => {
  const before = timelineOf([
    hello(),
    batch(1, 300),
    { ...batch(301, 3), dt: [0, 10_001, 20_000] },
    { type: "jump", seq: 304, t: dueAt(304), index: 0, reason: "seek" },
    data(304, { value: 1.25e-7 }),
    data(305, { value: "none" }),
    data(310),
    batch(311, 100),
  ]);
  const hubAt = dueAt(411) / 1000;
  const after = reloaded(before, hubAt);
  expect(samples(after)).toEqual(samples(before));
  expect(after.joining(hubAt)).toEqual({ since: "e1:410" });
  expect(after.fields).toEqual(before.fields);
  after.apply(hello({ seq: 412, recovered: true }));
  after.apply(batch(409, 4));
  expect(samples(after).seqs.slice(-4)).toEqual([409, 410, 411, 412]);
});

test("records that are numbers, or have fields of any name, are restored", () => {
  for (const record of [7, { __proto__x: 7 }, JSON.parse('{"__proto__":7}'), { "a b": 7, c: 1 }]) {
    const before = timelineOf([hello({ fields: {} }), data(1, record), data(2, record)]);
    const after = reloaded(before, START / 1000);
    expect(samples(after).values).toEqual([7, 7]);
    expect(after.fields).toEqual(before.fields);
  }
});

test.each([0, START])("no microsecond is lost, whatever the period, from %d on", (start) => {
  for (let period = 1; period < 3_000; period += 7) {
    const dt = Array.from({ length: 40 }, (_, i) => i * period);
    const before = timelineOf([hello(), { ...batch(1, 40), t: start + period, dt }]);
    expect(samples(reloaded(before, start / 1000)).times).toEqual(samples(before).times);
  }
});

test("records from before the window are not kept", () => {
  const before = timelineOf([hello(), batch(1, 1_400)]);
  const playhead = dueAt(1_400) / 1000;
  const after = reloaded(before, playhead + 150);
  expect(samples(after).seqs[0]).toBe(401);
  expect(samples(after).seqs.at(-1)).toBe(1_400);
});

test("all fields are restored, each with its own breaks", () => {
  const before = timelineOf([
    hello(),
    data(1, { value: 1, temp: 20 }),
    data(2, { value: 2 }),
    data(3, { temp: 21, hum: 40 }),
    data(5, { value: null, temp: 22, hum: 41 }),
  ]);
  const after = reloaded(before, dueAt(5) / 1000);
  expect(samples(after)).toEqual(samples(before));
  expect(after.fields).toEqual(before.fields);
});

test("after a change of labels, restored fields keep their lines", () => {
  const both = (seq: number) => data(seq, { value: seq, temp: -seq });
  const fields = { temp: { label: "Temperature", unit: "°C" } };
  const goOn = (record: HubMessage) => {
    const after = reloaded(timelineOf([hello(), both(1), both(2)]), dueAt(2) / 1000);
    after.joining(dueAt(2) / 1000);
    for (const message of [hello({ seq: 3, recovered: true, fields }), record]) after.apply(message);
    return [after.fields.map(({ name, unit }) => `${name} ${unit}`), samples(after).columns];
  };
  const names = ["value undefined", "temp °C"];
  expect(goOn(both(3))).toEqual([
    names,
    [
      [1, 2, 3],
      [-1, -2, -3],
    ],
  ]);
  expect(goOn(data(3, { temp: -3 }))).toEqual([
    names,
    [
      [1, 2, Number.NaN],
      [-1, -2, -3],
    ],
  ]);
});

test("a gap before a reload is not a break if the missing records arrive", () => {
  const before = timelineOf([hello(), batch(1, 3), { type: "gap", from: 4, to: 9, reason: "slow" }]);
  const after = reloaded(before, dueAt(9) / 1000);
  expect(after.joining(dueAt(9) / 1000)).toEqual({ since: "e1:3" });
  after.apply(hello({ seq: 9, recovered: true }));
  after.apply(batch(4, 6));
  expect(samples(after).values).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(after.missed).toBe(0);
});

test.each([
  ["that had ended", [segment], { seq: 4 }],
  ["that lasted", [], { seq: 4 }],
])("a pause %s before a reload still breaks the line after it", (_, resumed, rest) => {
  const before = timelineOf([hello(), batch(1, 3)]);
  const states = [{ ...segment, playing: false }, ...resumed];
  for (const [i, timeline] of states.entries())
    before.apply({ type: "state", t: dueAt(4 + i), timeline, delay: 0, by: null });
  before.playhead(dueAt(6) / 1000);
  const after = reloaded(before, dueAt(6) / 1000);
  after.joining(dueAt(6) / 1000);
  after.apply(hello({ ...rest, recovered: true, now: dueAt(90) }));
  after.apply({ ...data(4), t: dueAt(80) });
  expect(samples(after).values).toEqual([1, 2, 3, Number.NaN, 4]);
  expect(after.missed).toBe(0);
});

test("announced states are restored: a reload draws the same instants", () => {
  const before = timelineOf([hello(), batch(1, 900)]);
  const slower = { ...segment, seq0: 951, t0: dueAt(951), rate: 1 };
  before.apply({ type: "state", t: dueAt(951), timeline: slower, delay: 2_100_000, by: null });
  const after = reloaded(before, dueAt(900) / 1000);
  for (let hubNow = dueAt(900) / 1000; hubNow < dueAt(2_000) / 1000; hubNow += 100) {
    const playhead = before.playhead(hubNow);
    expect(after.playhead(hubNow)).toBe(playhead);
    expect(after.periodMs(playhead)).toBe(before.periodMs(playhead));
  }
});

test("another epoch in hello drops everything restored", () => {
  const after = reloaded(timelineOf([hello(), batch(1, 9)]), START / 1000);
  after.apply(hello({ epoch: "e2", recovered: false }));
  expect(samples(after).seqs).toEqual([]);
});

test("a topic that has ended is still ended after a reload", () => {
  const after = reloaded(
    timelineOf([hello(), batch(1, 9), { type: "end", seq: 9, t: dueAt(9) }]),
    dueAt(9) / 1000,
  );
  expect(after.playhead(dueAt(90) / 1000)).toBe(dueAt(9) / 1000);
  expect(after.joining()).toEqual({ since: "e1:9" });
});

test("a wider window than before is requested from the hub", () => {
  const store = new FakeStorage();
  const [before, hubAt] = [timelineOf([hello(), batch(1, 900)]), dueAt(900) / 1000];
  session(store).write({ messages: before.snapshot(hubAt, RECORDS_MAX), hubAt, wallAt: 0 }, WINDOW_MS);
  const wider = timelineOf(session(store, "ecg", 20_000).read()?.messages ?? [], 20_000);
  expect(samples(wider).seqs).toEqual([]);
  expect(wider.joining(hubAt)).toEqual({ last: 2_017 });
  expect(session(store, "ecg", 5_000).read()?.messages).toHaveLength(2);
});

test("if there are too many records, none is kept, and the window is requested", () => {
  const fast = { ...segment, rate: 10_000 };
  const before = timelineOf([hello({ timeline: fast }), batch(1, 900)]);
  const messages = before.snapshot(dueAt(900) / 1000, 899);
  expect(messages.map(({ type }) => type)).toEqual(["hello"]);
  expect(timelineOf(messages).joining(0)).toEqual({ last: 101_502 });
});

test("before the first hello the snapshot is empty", () => {
  expect(new TopicBuffer(WINDOW_MS).snapshot(0, RECORDS_MAX)).toEqual([]);
});

test("a delay with a fraction of a millisecond is restored", () => {
  for (const delay of [150_001, 333_333, 1, 0]) {
    const after = reloaded(timelineOf([hello({ delay }), data(1)]), START / 1000);
    expect(after.playhead(START / 1000)).toBeCloseTo((START - delay) / 1000, 3);
    expect(samples(after).seqs).toEqual([1]);
  }
});

test("topics have separate snapshots", () => {
  const store = new FakeStorage();
  session(store, "a").write({ messages: [hello({ topic: "a" })], hubAt: 1, wallAt: 2 }, WINDOW_MS);
  expect(session(store, "a").read()).toMatchObject({ hubAt: 1, wallAt: 2, messages: [{ topic: "a" }] });
  expect(session(store, "b").read()).toBeUndefined();
  expect(session(store, undefined).read()).toBeUndefined();
});

test("without storage, or without any room, the page starts as new", () => {
  const kept = { messages: [hello(), batch(1, 9)], hubAt: 1, wallAt: 1 };
  const forbidden = new SnapshotStore({
    store: () => {
      throw new Error("SecurityError");
    },
    topic: "ecg",
    windowMs: WINDOW_MS,
  });
  expect(() => forbidden.write(kept, WINDOW_MS)).not.toThrow();
  expect(forbidden.read()).toBeUndefined();
  const full = new FakeStorage(9);
  full.items.set("tickcast:ecg", "older");
  session(full).write(kept, WINDOW_MS);
  expect(session(full).read()).toBeUndefined();
});

test("without room for the records, the window is requested", () => {
  const before = timelineOf([hello(), batch(1, 900)]);
  const hubAt = dueAt(900) / 1000;
  const small = new FakeStorage(1_000);
  reloaded(timelineOf([hello(), batch(1, 9)]), hubAt, small);
  const after = reloaded(before, hubAt, small);
  expect(samples(after).seqs).toEqual([]);
  expect(after.joining(hubAt)).toEqual({ last: 1_017 });
});

test("text damaged anywhere never causes an error or an invalid position", () => {
  const store = new FakeStorage();
  const before = timelineOf([hello(), batch(1, 9), data(15)]);
  reloaded(before, dueAt(15) / 1000, store);
  const [[key, text] = ["", ""]] = store.items;
  for (let at = 0; at < text.length; at += 1) {
    for (const damaged of [
      text.slice(0, at),
      text.slice(0, at) + text.slice(at + 1),
      `${text.slice(0, at)}9`,
    ]) {
      store.items.set(key, damaged);
      const after = timelineOf(session(store).read()?.messages ?? []);
      const joining = after.joining(dueAt(15) / 1000);
      if (joining && "since" in joining) expect(joining.since).toMatch(/^[a-z0-9]{1,32}:[1-9]\d*$/);
      const { times, seqs } = samples(after);
      expect(times.every((time, i) => i === 0 || time > (times[i - 1] as number))).toBe(true);
      expect(times.length).toBe(seqs.length);
    }
  }
});

test.each([
  ["an empty text", ""],
  ["text that is not JSON", "confetti"],
  ["another format version", `{"form":0,"windowMs":10000,"hubAt":1,"wallAt":1}\n${JSON.stringify(hello())}`],
  ["null", "null\nnull"],
  ["a header without instants", `{"form":1,"windowMs":10000}\n${JSON.stringify(hello())}`],
  [
    "a damaged record among others",
    [{ form: 1, windowMs: 10_000, hubAt: 1, wallAt: 1 }, hello(), { ...data(1), seq: "1" }, data(2)]
      .map((line) => JSON.stringify(line))
      .join("\n"),
  ],
  ["records without a hello", `{"form":1,"windowMs":10000,"hubAt":1,"wallAt":1}\n${JSON.stringify(data(1))}`],
])("%s is ignored", (_, text) => {
  const store = new FakeStorage();
  store.setItem("tickcast:ecg", text);
  expect(session(store).read()).toBeUndefined();
});
