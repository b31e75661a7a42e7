/** What a player shows of one topic and of several, whatever becomes of them. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dueAt } from "../messages";
import { Hub, play, records, sceneOf, settle, URL_OF_HUB } from "./hub";

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
