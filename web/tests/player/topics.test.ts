/** What a player shows of one topic and of several, whatever becomes of them. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refusals } from "../../src/main/refusals";
import { factsOf } from "../../src/player/facts";
import { isBehind } from "../../src/view/badge";
import { dueAt } from "../messages";
import { Hub, play, records, sceneOf, settle, timeOf, URL_OF_HUB } from "./hub";

let hub: Hub;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new Hub();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("the moment of a link stands at the right edge", async () => {
  const player = play(["ecg"]);
  hub.answers.set("/api/v1/topics/ecg/history?from=1&", { epoch: "e1", items: [] });
  const items = [{ seq: 600, t: dueAt(600), data: { value: 1 } }];
  hub.answers.set("/api/v1/topics/ecg/history?from=600&", { epoch: "e1", from: 600, to: 600, items });
  hub.line("ecg").greet({ seq: 1_000 });
  hub.line("ecg").say(...records(1, 1_000));
  await settle();
  expect(await player.goToMoment("e1", 600)).toBe(true);
  expect(sceneOf(player).to).toBe(dueAt(600) / 1000);
  expect(player.playback.state).toBe("paused");
});

test("a moment of which the hub cannot say anything yet may be asked for again", async () => {
  const player = play(["ecg", "temp"]);
  hub.line("temp").greet({ topic: "temp" });
  expect(await player.goToMoment("e1", 600)).toBe(false);
  expect(player.playback.state).toBe("following");
});

test("the history is asked at the same address as the line, also if that ends in a slash", async () => {
  play(["ecg"], { url: `${URL_OF_HUB}/behind/a/proxy/` });
  const line = hub.lines.at(-1);
  line?.greet({ seq: 1 });
  await settle();
  expect(line?.url).toBe(`${URL_OF_HUB.replace("http", "ws")}/behind/a/proxy/ws/ecg`);
  expect(hub.asked[0]).toMatch(`${URL_OF_HUB}/behind/a/proxy/api/v1/topics/ecg/history?`);
});

test("a topic that the hub does not have changes nothing about the others", async () => {
  const player = play(["nothing", "ecg"]);
  hub.line("ecg").greet({ seq: 1_000 });
  hub.line("ecg").say(...records(1, 1_000));
  hub.line("nothing").fail();
  await settle();
  hub.line("ecg").say(...records(1_001, 1_090));
  const hubNow = timeOf(player);
  expect(sceneOf(player).to).toBe(hubNow - 150);
  const { badge, notice, drySince, viewers } = factsOf(player, performance.now(), undefined);
  expect({ badge, notice, drySince, viewers }).toEqual({
    badge: { kind: "live" },
    notice: undefined,
    drySince: undefined,
    viewers: 1,
  });
});

test("a topic that is refused beside others is told once", async () => {
  const player = play(["ecg", "nothing"]);
  const refusals = new Refusals();
  hub.line("ecg").greet();
  expect(refusals.next(player)).toBeUndefined();
  hub.line("nothing").fail();
  await settle();
  expect(refusals.next(player)).toBe("There is no topic “nothing” on this hub");
  expect(refusals.next(player)).toBeUndefined();
});

test("a topic that the hub has no room for beside others is told once, and not while the hub is away", async () => {
  const player = play(["ecg", "temp"]);
  const refusals = new Refusals();
  hub.answers.set("/api/v1/topics/", new Response("", { status: 503 }));
  hub.line("temp").fail();
  await vi.advanceTimersByTimeAsync(0);
  expect(refusals.next(player)).toBeUndefined();
  hub.line("ecg").greet();
  expect(refusals.next(player)).toBe("“temp” does not come yet; the page goes on trying");
  expect(refusals.next(player)).toBeUndefined();
});

test("where the hub refuses all topics, the page says why", async () => {
  const player = play(["nothing", "nobody"]);
  hub.line("nothing").fail();
  hub.line("nobody").fail();
  await settle();
  const { badge, notice } = factsOf(player, performance.now(), undefined);
  expect(badge).toEqual({ kind: "stopped" });
  expect(notice).toEqual({ kind: "refused", refusal: "unknown-topic", topic: "nothing" });
  expect(new Refusals().next(player)).toBeUndefined();
});

test("a line that lacks what is due says so, and offers no way to what is not there", async () => {
  const player = play(["ecg"]);
  hub.line("ecg").greet({ seq: 1_000 });
  hub.line("ecg").say(...records(1, 1_000));
  await settle();
  sceneOf(player);
  const { badge, at, canPause, drySince } = factsOf(player, performance.now(), undefined);
  const lacksMs = timeOf(player) - 150 - dueAt(1_000) / 1000;
  expect(badge).toEqual({ kind: "starving", behindMs: lacksMs });
  expect(isBehind(badge)).toBe(false);
  expect(at).toBe(dueAt(1_000) / 1000);
  expect(drySince).toBe(dueAt(1_000) / 1000);
  expect(canPause).toBe(true);
});

test("a topic that is still to begin is waited for, and there is nothing to pause", async () => {
  const player = play(["ecg"]);
  const t0 = dueAt(100_000);
  hub.line("ecg").greet({ seq: 0, timeline: { seq0: 1, t0, rate: 100, index0: 0, playing: true } });
  await settle();
  const { badge, notice, canPause } = factsOf(player, performance.now(), undefined);
  expect({ badge, notice, canPause }).toEqual({
    badge: { kind: "waiting" },
    notice: { kind: "begins", at: t0 / 1000 },
    canPause: false,
  });
});

test("a topic that has ended has nothing to pause, until somebody looks back", async () => {
  const player = play(["ecg"]);
  hub.line("ecg").greet({ seq: 900 });
  hub.line("ecg").say(...records(1, 900), { type: "end", seq: 900, t: dueAt(900) });
  await settle();
  const { badge, canPause } = factsOf(player, performance.now(), undefined);
  expect({ badge, canPause }).toEqual({ badge: { kind: "ended" }, canPause: false });
  player.playback.pause(dueAt(900) / 1000);
  expect(factsOf(player, performance.now(), undefined).canPause).toBe(true);
});

test("a topic whose delay is longer than another's is not behind because of that", async () => {
  const player = play(["ecg", "temp"]);
  hub.line("ecg").greet({ seq: 1_000 });
  hub.line("temp").greet({ topic: "temp", seq: 1_000, delay: 3_000_000 });
  await settle();
  hub.line("ecg").say(...records(1_000, 1_090));
  // What the hub gathers for up to half of the delay comes in time all the same.
  hub.line("temp").say(...records(1_000, 1_010));
  const { badge, drySince } = factsOf(player, performance.now(), undefined);
  expect({ badge, drySince }).toEqual({ badge: { kind: "live" }, drySince: undefined });
});

test("the number told is that of the newest record shown, not of one that has only arrived", async () => {
  const player = play(["ecg"]);
  hub.line("ecg").greet({ seq: 1_000 });
  await settle();
  hub.line("ecg").say(...records(1, 1_200));
  sceneOf(player);
  const seq = () => factsOf(player, performance.now(), undefined).seq;
  expect(seq()).toBe(1_000 + (1_000 - 150) / 10);
  player.playback.pause(dueAt(900) / 1000);
  sceneOf(player);
  expect(seq()).toBe(900);
});

test("a link leads to the moment that is seen, whichever lines are hidden", async () => {
  const player = play(["ecg", "temp"]);
  hub.line("ecg").greet({ seq: 1_000, fields: { a: {} } });
  hub.line("temp").greet({ topic: "temp", epoch: "e2", seq: 1_000 });
  await settle();
  for (const topic of ["ecg", "temp"]) hub.line(topic).say(...records(1, 1_000, { a: 1, b: 2 }));
  sceneOf(player);
  player.toggle("ecg/a");
  player.playback.pause(dueAt(600) / 1000);
  sceneOf(player);
  expect(player.momentAt(Number.POSITIVE_INFINITY)).toEqual({ epoch: "e1", seq: 600 });
  player.toggle("ecg/b");
  sceneOf(player);
  // Of another topic's timeline a link would lead nowhere.
  expect(player.momentAt(Number.POSITIVE_INFINITY)).toBeUndefined();
});

test("where the hub chooses the topic and chooses another, the history is that of the new one", async () => {
  play([]);
  hub.lines[0]?.greet({ seq: 1 });
  await settle();
  hub.lines[0]?.fail();
  while (hub.lines.length < 2) await vi.advanceTimersByTimeAsync(100);
  hub.asked.length = 0;
  hub.lines.at(-1)?.greet({ topic: "temp", epoch: "e2", seq: 1 });
  await settle();
  expect(hub.asked).toEqual([`${URL_OF_HUB}/api/v1/topics/temp/history?from=1&limit=1&format=json`]);
});

test("a topic that begins while somebody looks on begins with its first record, and nobody asks what was before", async () => {
  const player = play(["ecg"]);
  hub.answers.set("/api/v1/topics/ecg/history", { epoch: "e1", items: [] });
  hub.line("ecg").greet();
  await settle();
  hub.asked.length = 0;
  const watch = async () => {
    for (let frame = 0; frame < 100; frame += 1) {
      sceneOf(player);
      await vi.advanceTimersByTimeAsync(100);
    }
  };
  await watch();
  expect(player.oldest).toBeUndefined();
  hub.line("ecg").say(...records(1, 5));
  await watch();
  expect(player.oldest).toBe(dueAt(1) / 1000);
  expect(hub.asked).toEqual([]);
});

test("a hub that could not say where history begins is asked again until it can, or nobody looks any more", async () => {
  const beginning = "/api/v1/topics/ecg/history?from=1&";
  hub.answers.set(beginning, new Response("", { status: 503 }));
  const [player, other] = [play(["ecg"]), play(["ecg"])];
  for (const line of hub.lines) line.greet({ seq: 1_000 });
  await settle();
  other.close();
  expect([player.oldest, hub.asked.length]).toEqual([undefined, 2]);
  const items = [{ seq: 1, t: dueAt(1), data: { value: 1 } }];
  hub.answers.set(beginning, { epoch: "e1", from: 1, to: 1, items });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([player.oldest, hub.asked.length]).toEqual([dueAt(1) / 1000, 3]);
});

test("records that come after what a paused view shows are no reason to draw it again", async () => {
  const player = play(["ecg"]);
  hub.line("ecg").greet({ seq: 1_000 });
  await settle();
  hub.line("ecg").say(...records(1, 900));
  player.playback.pause(dueAt(950) / 1000);
  const seen = () => player.seqsUntil(sceneOf(player).to);
  const before = seen();
  hub.line("ecg").say(...records(901, 940));
  const late = seen();
  expect(late).not.toBe(before);
  hub.line("ecg").say(...records(941, 960));
  const complete = seen();
  expect(complete).not.toBe(late);
  hub.line("ecg").say(...records(961, 1_090));
  expect(seen()).toBe(complete);
});

test("a reload shows the window that was seen last, whatever the page was opened with", async () => {
  const items = new Map<string, string>();
  const store = () => ({
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, text: string) => void items.set(key, text),
    removeItem: (key: string) => void items.delete(key),
  });
  const recordsAfterReload = async (before: number, seen: number, after: number) => {
    const player = play(["ecg"], { store, windowMs: before });
    hub.line("ecg").greet({ seq: 1_000 });
    hub.line("ecg").say(...records(1, 1_000));
    await settle();
    player.playback.showWindow(seen);
    sceneOf(player);
    player.remember();
    player.close();
    const [channel] = play(["ecg"], { store, windowMs: after }).channels;
    const { begin, end } = channel?.timeline.samples() ?? { begin: 0, end: 0 };
    return end - begin;
  };
  // Opened with little, and shown more; and the other way round.
  expect(await recordsAfterReload(1_000, 5_000, 5_000)).toBeGreaterThan(400);
  expect(await recordsAfterReload(5_000, 1_000, 5_000)).toBe(0);
});
