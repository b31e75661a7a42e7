/** How a player handles a hub that restarts with other topics. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Hello } from "../../src/client/protocol";
import { viewState } from "../../src/player/view_state";
import { FakeHub, play, records, settle, timeOf } from "./fake_hub";

let hub: FakeHub;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new FakeHub();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const TEMP: Partial<Hello> = { topic: "temp", epoch: "e2", delay: 1_000_000 };

test("a removed topic neither delays the others nor provides the time", async () => {
  const player = play(["ecg", "temp"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  hub.socket("temp").sendHello({ ...TEMP, seq: 1_000 });
  for (const topic of ["ecg", "temp"]) hub.socket(topic).receive(...records(900, 1_000));
  await settle();
  hub.ahead = 3_000_000;
  await hub.restart({ temp: { ...TEMP, seq: 2_000 } });
  hub.socket("temp").receive(...records(1_001, 2_000));
  expect(player.subscriptions.map(({ link }) => link.kind)).toEqual(["stopped", "live"]);
  const hubNow = timeOf(player);
  expect(hubNow).toBeCloseTo(hub.now / 1000, 0);
  // With the other topic's delay, a seventh of this one, this topic would never reach the right edge.
  expect(player.newest(hubNow)).toBe(hubNow - 1_000);
  const { badge, starvingSince } = viewState(player, performance.now(), undefined);
  expect({ badge, starvingSince }).toEqual({ badge: { kind: "live" }, starvingSince: undefined });
});

test("if every topic was removed, the last picture stays", async () => {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000 });
  await settle();
  await hub.restart({});
  const hubNow = timeOf(player);
  expect(player.newest(hubNow)).toBe(hubNow - 150);
  expect(viewState(player, performance.now(), undefined).starvingSince).toBeUndefined();
});

test("a topic chosen by name is kept when the hub's default changes", async () => {
  const player = play([]);
  hub.sockets[0]?.sendHello({ seq: 1_000 });
  await settle();
  player.showTopics(["ecg", "temp"]);
  hub.socket("temp").sendHello(TEMP);
  await settle();
  await hub.restart({ "": TEMP, ecg: { seq: 1_000 }, temp: TEMP });
  expect(hub.sockets.map(({ url }) => new URL(url).pathname).sort()).toEqual(["/ws/ecg", "/ws/temp"]);
  expect(player.topics).toEqual(["ecg", "temp"]);
});

test("without a chosen topic the page follows the hub's default", async () => {
  const player = play([]);
  hub.sockets[0]?.sendHello({ seq: 1_000 });
  await settle();
  await hub.restart({ "": TEMP });
  expect(player.topics).toEqual(["temp"]);
});
