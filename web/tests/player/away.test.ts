/** What a player shows while its hub is away: the last picture, standing still. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Player } from "../../src/player";
import { viewState } from "../../src/player/view_state";
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

/** As behind a proxy that answers for the absent hub. */
const GONE = new Response("", { status: 502 });

/** A player with records up to 1,100, whose instant is about now. */
async function watching(): Promise<Player> {
  hub.answers.set("/api/v1/", GONE);
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  hub.socket("ecg").receive(...records(1, 1_000));
  await settle();
  hub.socket("ecg").receive(...records(1_001, 1_100));
  return player;
}

/** The edges of the picture, and the newest record in it. */
function picture(player: Player): { from: number; to: number; seq: number | undefined } {
  const { from, to } = sceneOf(player);
  return { from, to, seq: player.seqAt(to) };
}

test("when the connection is lost, the picture runs to the end of the line and stays there", async () => {
  const player = await watching();
  hub.socket("ecg").fail();
  await vi.advanceTimersByTimeAsync(1_000);
  const stopped = picture(player);
  expect(stopped).toEqual({ from: dueAt(1_100) / 1000 - 10_000, to: dueAt(1_100) / 1000, seq: 1_100 });
  // Far longer than the window.
  await vi.advanceTimersByTimeAsync(600_000);
  expect(picture(player)).toEqual(stopped);
});

test("while the hub is away the page says since when, and that the accuracy is unknown", async () => {
  const player = await watching();
  hub.socket("ecg").fail();
  await vi.advanceTimersByTimeAsync(60_000);
  sceneOf(player);
  const { badge, sync, starvingSince, notice } = viewState(player, performance.now(), undefined);
  expect(badge.kind).toBe("reconnecting");
  expect(starvingSince).toBe(dueAt(1_100) / 1000);
  expect(sync).toMatchObject({ errorMs: undefined, offsetMs: undefined, aheadMs: undefined });
  expect(notice).toBeUndefined();
});

test("when the hub is back, the picture stays until its records are there, and then runs", async () => {
  const player = await watching();
  hub.socket("ecg").fail();
  await vi.advanceTimersByTimeAsync(3_000);
  const stopped = picture(player);
  hub.socket("ecg").sendHello({ seq: 1_400, recovered: true });
  expect(picture(player)).toEqual(stopped);
  hub.socket("ecg").receive(...records(1_101, 1_400));
  expect(picture(player).to).toBeCloseTo(hub.now / 1000 - 150, 0);
});

test("a hub without news since the loss lets the picture run at once", async () => {
  const player = await watching();
  hub.socket("ecg").fail();
  await vi.advanceTimersByTimeAsync(1_000);
  const stopped = picture(player);
  hub.socket("ecg").sendHello({ seq: 1_100, recovered: true });
  await vi.advanceTimersByTimeAsync(500);
  expect(picture(player).to).toBeGreaterThan(stopped.to);
});

test("a hub that keeps the connection but sends nothing is away too", async () => {
  const player = await watching();
  await vi.advanceTimersByTimeAsync(5_000);
  const stopped = picture(player);
  expect(stopped.seq).toBe(1_100);
  expect(stopped.to - dueAt(1_100) / 1000).toBeLessThanOrEqual(10);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(picture(player)).toEqual(stopped);
  hub.socket("ecg").receive(...records(1_101, 2_000));
  expect(picture(player).to).toBeCloseTo(hub.now / 1000 - 150, 0);
});

test("a retry connects at once, for every topic", async () => {
  const player = play(["ecg", "temp"]);
  for (const topic of ["ecg", "temp"]) hub.socket(topic).sendHello({ topic, seq: 1_000 });
  await settle();
  for (const socket of [...hub.sockets]) socket.fail();
  player.retryNow();
  expect(hub.sockets.map(({ url }) => new URL(url).pathname)).toEqual([
    "/ws/ecg",
    "/ws/temp",
    "/ws/ecg",
    "/ws/temp",
  ]);
});
