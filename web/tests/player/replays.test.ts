/** What a player says about the kind of its topics, and where replays stand. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
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

const DATASET = { len: 400, loop: true, sha256: "00ff" };

test("a topic with a dataset is a replay, one without is live, and together they are mixed", async () => {
  const player = play(["ecg", "temp"]);
  const feed = () => viewState(player, performance.now(), undefined).feed;
  expect(feed()).toBeUndefined();
  hub.socket("ecg").sendHello({ seq: 1_000, dataset: DATASET });
  await settle();
  expect(feed()).toBe("replay");
  hub.socket("temp").sendHello({ topic: "temp", seq: 1_000, timeline: null });
  await settle();
  expect(feed()).toBe("mixed");
  player.showTopics(["temp"]);
  expect(feed()).toBe("live");
});

test("a replay is at the record and in the lap that is drawn", async () => {
  const player = play(["ecg"], { windowMs: 1_000 });
  hub.socket("ecg").sendHello({ seq: 1_000, dataset: DATASET });
  hub.socket("ecg").receive(...records(1, 1_000));
  await settle();
  const position = () => {
    sceneOf(player);
    const [replay] = viewState(player, performance.now(), undefined).replays;
    return [replay?.record, replay?.records, replay?.lap];
  };
  expect(position()).toEqual([200, 400, 3]);
  player.viewport.pause(dueAt(1_000) / 1000);
  player.viewport.moveTo(dueAt(401) / 1000, dueAt(1_000) / 1000);
  expect(position()).toEqual([1, 400, 2]);
});

test("the seams of a looping dataset are in the picture, and a dataset that ends has none", async () => {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000, dataset: DATASET });
  hub.socket("ecg").receive(...records(1, 1_000));
  await settle();
  const { seams } = sceneOf(player);
  expect(seams.map(({ at, lap }) => [at, lap])).toEqual([
    [dueAt(401) / 1000, 2],
    [dueAt(801) / 1000, 3],
  ]);
  hub.socket("ecg").sendHello({ seq: 1_000, dataset: { ...DATASET, loop: false } });
  expect(sceneOf(player).seams).toEqual([]);
});
