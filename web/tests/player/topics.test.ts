/** What a player shows of one and of several topics. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../../src/client/api";
import { RejectNotices } from "../../src/main/topics";
import { viewState } from "../../src/player/view_state";
import { isBehind } from "../../src/view/badge";
import { dueAt, segment } from "../messages";
import { FakeHub, play, records, sceneOf, settle, timeOf, URL_OF_HUB } from "./fake_hub";

let hub: FakeHub;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new FakeHub();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("the moment of a link is at the right edge", async () => {
  const player = play(["ecg"]);
  hub.answers.set("/api/v1/topics/ecg/history?from=1&", { epoch: "e1", items: [] });
  const items = [{ seq: 600, t: dueAt(600), data: { value: 1 } }];
  hub.answers.set("/api/v1/topics/ecg/history?from=600&", { epoch: "e1", from: 600, to: 600, items });
  hub.socket("ecg").sendHello({ seq: 1_000 });
  hub.socket("ecg").receive(...records(1, 1_000));
  await settle();
  expect(await player.goToMoment("e1", 600)).toEqual({ t: dueAt(600) / 1000, isEarlier: false });
  expect(sceneOf(player).to).toBe(dueAt(600) / 1000);
  expect(player.viewport.state).toBe("paused");
});

test("a moment that the hub cannot resolve yet can be retried", async () => {
  const player = play(["ecg", "temp"]);
  hub.socket("temp").sendHello({ topic: "temp" });
  expect(await player.goToMoment("e1", 600)).toBe("unreachable");
  expect(player.viewport.state).toBe("following");
});

test("the history is requested from the same URL as the stream, even with a trailing slash", async () => {
  play(["ecg"], { api: new Api(`${URL_OF_HUB}/behind/a/proxy/`) });
  const socket = hub.sockets.at(-1);
  socket?.sendHello({ seq: 1 });
  await settle();
  expect(socket?.url).toBe(`${URL_OF_HUB.replace("http", "ws")}/behind/a/proxy/ws/ecg`);
  expect(hub.requests[0]).toMatch(`${URL_OF_HUB}/behind/a/proxy/api/v1/topics/ecg/history?`);
});

test("an unknown topic does not affect the others", async () => {
  const player = play(["nothing", "ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  hub.socket("ecg").receive(...records(1, 1_000));
  hub.socket("nothing").fail();
  await settle();
  hub.socket("ecg").receive(...records(1_001, 1_090));
  const hubNow = timeOf(player);
  expect(sceneOf(player).to).toBe(hubNow - 150);
  const { badge, notice, starvingSince, viewers } = viewState(player, performance.now(), undefined);
  expect({ badge, notice, starvingSince, viewers }).toEqual({
    badge: { kind: "live" },
    notice: undefined,
    starvingSince: undefined,
    viewers: 1,
  });
});

test("a rejected topic among others is announced once", async () => {
  const player = play(["ecg", "nothing"]);
  const notices = new RejectNotices();
  hub.socket("ecg").sendHello();
  expect(notices.next(player)).toBeUndefined();
  hub.socket("nothing").fail();
  await settle();
  expect(notices.next(player)).toBe("There is no topic “nothing” on this hub");
  expect(notices.next(player)).toBeUndefined();
});

test("a topic without capacity among others is announced once, and not while the hub is unreachable", async () => {
  const player = play(["ecg", "temp"]);
  const notices = new RejectNotices();
  hub.answers.set("/api/v1/topics/", new Response("", { status: 503 }));
  hub.socket("temp").fail();
  await vi.advanceTimersByTimeAsync(0);
  expect(notices.next(player)).toBeUndefined();
  hub.socket("ecg").sendHello();
  expect(notices.next(player)).toBe("“temp” is not available yet; retrying");
  expect(notices.next(player)).toBeUndefined();
});

test("if the hub rejects all topics, the page shows why", async () => {
  const player = play(["nothing", "missing"]);
  hub.socket("nothing").fail();
  hub.socket("missing").fail();
  await settle();
  const { badge, notice } = viewState(player, performance.now(), undefined);
  expect(badge).toEqual({ kind: "stopped" });
  expect(notice).toEqual({ kind: "refused", refusal: "unknown-topic", topic: "nothing" });
  expect(new RejectNotices().next(player)).toBeUndefined();
});

test("a starving view says so and does not offer to jump to live", async () => {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  hub.socket("ecg").receive(...records(1, 1_000));
  await settle();
  sceneOf(player);
  const { badge, at, canPause, starvingSince } = viewState(player, performance.now(), undefined);
  const lacksMs = timeOf(player) - 150 - dueAt(1_000) / 1000;
  expect(badge).toEqual({ kind: "starving", behindMs: lacksMs });
  expect(isBehind(badge)).toBe(false);
  expect(at).toBe(dueAt(1_000) / 1000);
  expect(starvingSince).toBe(dueAt(1_000) / 1000);
  expect(canPause).toBe(true);
});

test("a topic that has not started yet is waited for and cannot be paused", async () => {
  const player = play(["ecg"]);
  const t0 = dueAt(100_000);
  hub.socket("ecg").sendHello({ seq: 0, timeline: { seq0: 1, t0, rate: 100, index0: 0, playing: true } });
  await settle();
  const { badge, notice, canPause } = viewState(player, performance.now(), undefined);
  expect({ badge, notice, canPause }).toEqual({
    badge: { kind: "waiting" },
    notice: { kind: "begins", at: t0 / 1000 },
    canPause: false,
  });
});

test("a topic that has ended cannot be paused, unless the view is moved back", async () => {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 900 });
  hub.socket("ecg").receive(...records(1, 900), { type: "end", seq: 900, t: dueAt(900) });
  await settle();
  const { badge, canPause } = viewState(player, performance.now(), undefined);
  expect({ badge, canPause }).toEqual({ badge: { kind: "ended" }, canPause: false });
  player.viewport.pause(dueAt(900) / 1000);
  expect(viewState(player, performance.now(), undefined).canPause).toBe(true);
});

test("a topic with a longer delay than another is not behind because of that", async () => {
  const player = play(["ecg", "temp"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  hub.socket("temp").sendHello({ topic: "temp", seq: 1_000, delay: 3_000_000 });
  await settle();
  hub.socket("ecg").receive(...records(1_000, 1_090));
  // Records coalesced for up to half of the delay still arrive in time.
  hub.socket("temp").receive(...records(1_000, 1_010));
  const { badge, starvingSince } = viewState(player, performance.now(), undefined);
  expect({ badge, starvingSince }).toEqual({ badge: { kind: "live" }, starvingSince: undefined });
});

test("the delay shown is the one in force, which changes gradually once it is drawn", async () => {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000, delay: 100_000 });
  await settle();
  const t = Math.round(timeOf(player) * 1000) + 1_000_000;
  hub.socket("ecg").receive({ type: "state", t, timeline: segment, delay: 200_000, by: "configuration" });
  const shown: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    shown.push(Math.round(viewState(player, performance.now(), undefined).sync.delayMs ?? Number.NaN));
    await vi.advanceTimersByTimeAsync(i === 0 ? 1_100 : 100);
  }
  expect(shown).toEqual([100, 100, 125, 150, 175, 200, 200, 200]);
});

test("the seq shown is that of the newest record drawn, not of the newest received", async () => {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  await settle();
  hub.socket("ecg").receive(...records(1, 1_200));
  sceneOf(player);
  const seq = () => viewState(player, performance.now(), undefined).seq;
  expect(seq()).toBe(1_000 + (1_000 - 150) / 10);
  player.viewport.pause(dueAt(900) / 1000);
  sceneOf(player);
  expect(seq()).toBe(900);
});

test("a link points to the visible moment, whichever series are hidden", async () => {
  const player = play(["ecg", "temp"]);
  hub.socket("ecg").sendHello({ seq: 1_000, fields: { a: {} } });
  hub.socket("temp").sendHello({ topic: "temp", epoch: "e2", seq: 1_000 });
  await settle();
  for (const topic of ["ecg", "temp"]) hub.socket(topic).receive(...records(1, 1_000, { a: 1, b: 2 }));
  sceneOf(player);
  player.toggle("ecg/a");
  player.viewport.pause(dueAt(600) / 1000);
  sceneOf(player);
  expect(player.momentAt(Number.POSITIVE_INFINITY)).toEqual({ epoch: "e1", seq: 600 });
  player.toggle("ecg/b");
  sceneOf(player);
  // A link into another topic's timeline would be void.
  expect(player.momentAt(Number.POSITIVE_INFINITY)).toBeUndefined();
});

test("when the hub's default topic changes, the history of the new topic is used", async () => {
  play([]);
  hub.sockets[0]?.sendHello({ seq: 1 });
  await settle();
  hub.sockets[0]?.fail();
  while (hub.sockets.length < 2) await vi.advanceTimersByTimeAsync(100);
  hub.requests.length = 0;
  hub.sockets.at(-1)?.sendHello({ topic: "temp", epoch: "e2", seq: 1 });
  await settle();
  expect(hub.requests).toEqual([`${URL_OF_HUB}/api/v1/topics/temp/history?from=1&limit=1&format=json`]);
});

test("a topic that starts while watched has its first record as the oldest, without a request", async () => {
  const player = play(["ecg"]);
  hub.answers.set("/api/v1/topics/ecg/history", { epoch: "e1", items: [] });
  hub.socket("ecg").sendHello();
  await settle();
  hub.requests.length = 0;
  const watch = async () => {
    for (let frame = 0; frame < 100; frame += 1) {
      sceneOf(player);
      await vi.advanceTimersByTimeAsync(100);
    }
  };
  await watch();
  expect(player.oldest).toBeUndefined();
  hub.socket("ecg").receive(...records(1, 5));
  await watch();
  expect(player.oldest).toBe(dueAt(1) / 1000);
  expect(hub.requests).toEqual([]);
});

test("finding the oldest record is retried until it succeeds or the player is closed", async () => {
  const beginning = "/api/v1/topics/ecg/history?from=1&";
  hub.answers.set(beginning, new Response("", { status: 503 }));
  const [player, other] = [play(["ecg"]), play(["ecg"])];
  for (const socket of hub.sockets) socket.sendHello({ seq: 1_000 });
  await settle();
  other.close();
  expect([player.oldest, hub.requests.length]).toEqual([undefined, 2]);
  const items = [{ seq: 1, t: dueAt(1), data: { value: 1 } }];
  hub.answers.set(beginning, { epoch: "e1", from: 1, to: 1, items });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([player.oldest, hub.requests.length]).toEqual([dueAt(1) / 1000, 3]);
});

test("records after the range of a paused view do not cause a redraw", async () => {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  await settle();
  hub.socket("ecg").receive(...records(1, 900));
  player.viewport.pause(dueAt(950) / 1000);
  const seen = () => player.revisionUntil(sceneOf(player).to);
  const before = seen();
  hub.socket("ecg").receive(...records(901, 940));
  const late = seen();
  expect(late).not.toBe(before);
  hub.socket("ecg").receive(...records(941, 960));
  const complete = seen();
  expect(complete).not.toBe(late);
  hub.socket("ecg").receive(...records(961, 1_090));
  expect(seen()).toBe(complete);
});

test("a reload restores the last window, whatever the page was opened with", async () => {
  const items = new Map<string, string>();
  const store = () => ({
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, text: string) => void items.set(key, text),
    removeItem: (key: string) => void items.delete(key),
  });
  const recordsAfterReload = async (before: number, seen: number, after: number) => {
    const player = play(["ecg"], { store, windowMs: before });
    hub.socket("ecg").sendHello({ seq: 1_000 });
    hub.socket("ecg").receive(...records(1, 1_000));
    await settle();
    player.viewport.setWindow(seen);
    sceneOf(player);
    player.saveSnapshots();
    player.close();
    const [subscription] = play(["ecg"], { store, windowMs: after }).subscriptions;
    const { begin, end } = subscription?.buffer.samples() ?? { begin: 0, end: 0 };
    return end - begin;
  };
  // Opened with a short window and widened, and the other way round.
  expect(await recordsAfterReload(1_000, 5_000, 5_000)).toBeGreaterThan(400);
  expect(await recordsAfterReload(5_000, 1_000, 5_000)).toBe(0);
});
