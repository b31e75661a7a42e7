/** The values beside the chart are those of the drawn points. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Json } from "../../src/client/protocol";
import { recordTable } from "../../src/player/record_table";
import { openTexts } from "../../src/player/record_texts";
import { ShownPoints } from "../../src/player/series_trace";
import { readingOf } from "../../src/player/view_state";
import { dueAt } from "../messages";
import { FakeHub, play, records, sceneOf, settle } from "./fake_hub";

let hub: FakeHub;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new FakeHub();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function playing(messages = records(900, 1_100)) {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000, fields: {} });
  hub.socket("ecg").receive(...messages);
  await settle();
  return player;
}

function values(player: Awaited<ReturnType<typeof playing>>, pointed?: number) {
  return readingOf(player, performance.now(), pointed).legend.map(({ value, spelling }) => spelling ?? value);
}

test("a reading changes with the drawn record, and only then", async () => {
  const player = await playing();
  const points = new ShownPoints();
  const frames = Array.from({ length: 6 }, () => {
    vi.advanceTimersByTime(5);
    sceneOf(player);
    return points.haveChanged(player.traces, undefined);
  });
  // 100 records a second.
  expect(frames.slice(1)).toEqual(
    frames[1] ? [true, false, true, false, true] : [false, true, false, true, false],
  );
  expect(points.haveChanged(player.traces, 5)).toBe(true);
  expect(points.haveChanged(player.traces, 5)).toBe(false);
});

test("the record, its place in the dataset and the drawn record change in the same frame, without numbers too", async () => {
  const player = play(["ecg"]);
  const dataset = { len: 7, loop: true, sha256: "0".repeat(64) };
  hub.socket("ecg").sendHello({ seq: 1_000, fields: {}, dataset });
  hub.socket("ecg").receive(...records(900, 1_100, {}));
  await settle();
  const points = new ShownPoints();
  const frames = Array.from({ length: 6 }, () => {
    vi.advanceTimersByTime(5);
    sceneOf(player);
    return points.haveChanged(player.records, undefined);
  });
  expect(frames.filter((hasChanged) => hasChanged).length).toBeLessThan(6);
  expect(frames.filter((hasChanged) => hasChanged).length).toBeGreaterThan(2);
  const { seq = 0, replays } = readingOf(player, performance.now(), undefined);
  expect(replays[0]?.record).toBe(((seq - 1) % 7) + 1);
});

test("of records without fields no history is requested, which the hub would refuse", async () => {
  const asked = async (record: Json) => {
    hub = new FakeHub();
    const player = play(["ecg"]);
    hub.socket("ecg").sendHello({ seq: 1_000, fields: {} });
    hub.socket("ecg").receive(...records(900, 1_100, record));
    await settle();
    sceneOf(player);
    vi.advanceTimersByTime(1_000);
    await settle();
    return hub.requests.filter((url) => url.includes("field="));
  };
  expect(await asked({})).toEqual([]);
  expect(await asked({ value: 1 })).not.toEqual([]);
});

test("a number beyond 2^53 is read as the record spells it, also after a reload", async () => {
  const player = await playing([]);
  const text = (seq: number, record: string) =>
    `{"type":"data","seq":${seq},"t":${dueAt(seq)},"data":${record}}`;
  const socket = hub.socket("ecg");
  socket.onmessage?.({ data: text(1_000, '{"id":9007199254740993}') });
  socket.onmessage?.({ data: text(1_001, '{"id":9007199254740995}') });
  vi.advanceTimersByTime(500);
  const scene = sceneOf(player);
  expect(values(player)).toEqual(["9007199254740995"]);
  expect(values(player, dueAt(1_000) / 1000)).toEqual(["9007199254740993"]);
  for (const { subscription } of player.records) subscription.readTexts(openTexts);
  const { rows } = recordTable(player.records, scene, 2);
  expect(rows.map(({ cells }) => cells)).toEqual([["9007199254740995"], ["9007199254740993"]]);
});

test("sensors that report in turn keep their last value in view", async () => {
  const turns = records(900, 1_100).map((message, i) =>
    message.type === "data" ? { ...message, data: i % 2 === 0 ? { temp: i } : { hum: i } } : message,
  );
  const player = await playing(turns);
  sceneOf(player);
  const [temp, hum] = values(player) as number[];
  expect(Math.abs((temp as number) - (hum as number))).toBe(1);
});

test("the last value of a line that has left the view is not shown", async () => {
  const gone = records(900, 1_100).map((message, i) =>
    message.type === "data" ? { ...message, data: i < 3 ? { a: 1, b: 1 } : { b: 1 } } : message,
  );
  const player = await playing(gone);
  player.viewport.setWindow(500);
  sceneOf(player);
  expect(values(player)).toEqual([undefined, 1]);
});
