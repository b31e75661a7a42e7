/** What a player makes of a hub that comes back with other topics than it went with. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Hello } from "../../src/client/protocol";
import { factsOf } from "../../src/player/facts";
import { Hub, play, records, settle, timeOf } from "./hub";

let hub: Hub;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new Hub();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const TEMP: Partial<Hello> = { topic: "temp", epoch: "e2", delay: 1_000_000 };

test("a topic that is no more neither holds back the others nor tells the time", async () => {
  const player = play(["ecg", "temp"]);
  hub.line("ecg").greet({ seq: 1_000 });
  hub.line("temp").greet({ ...TEMP, seq: 1_000 });
  for (const topic of ["ecg", "temp"]) hub.line(topic).say(...records(900, 1_000));
  await settle();
  hub.ahead = 3_000_000;
  await hub.restart({ temp: { ...TEMP, seq: 2_000 } });
  hub.line("temp").say(...records(1_001, 2_000));
  expect(player.channels.map(({ link }) => link.kind)).toEqual(["stopped", "live"]);
  const hubNow = timeOf(player);
  expect(hubNow).toBeCloseTo(hub.now / 1000, 0);
  // The other's delay, a seventh as long, would put the right edge where this one never gets.
  expect(player.newest(hubNow)).toBe(hubNow - 1_000);
  const { badge, drySince } = factsOf(player, performance.now(), undefined);
  expect({ badge, drySince }).toEqual({ badge: { kind: "live" }, drySince: undefined });
});

test("where every topic is no more, what there was is still to be seen", async () => {
  const player = play(["ecg"]);
  hub.line("ecg").greet({ seq: 1_000 });
  await settle();
  await hub.restart({});
  const hubNow = timeOf(player);
  expect(player.newest(hubNow)).toBe(hubNow - 150);
  expect(factsOf(player, performance.now(), undefined).drySince).toBeUndefined();
});

test("a topic that was chosen by its name stays, whatever the hub's default becomes", async () => {
  const player = play([]);
  hub.lines[0]?.greet({ seq: 1_000 });
  await settle();
  player.showTopics(["ecg", "temp"]);
  hub.line("temp").greet(TEMP);
  await settle();
  await hub.restart({ "": TEMP, ecg: { seq: 1_000 }, temp: TEMP });
  expect(hub.lines.map(({ url }) => new URL(url).pathname).sort()).toEqual(["/ws/ecg", "/ws/temp"]);
  expect(player.topics).toEqual(["ecg", "temp"]);
});

test("where nobody has chosen, the hub chooses anew", async () => {
  const player = play([]);
  hub.lines[0]?.greet({ seq: 1_000 });
  await settle();
  await hub.restart({ "": TEMP });
  expect(player.topics).toEqual(["temp"]);
});
