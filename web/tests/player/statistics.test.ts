/** Statistics of a range: from the samples at hand, or else from the hub. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../../src/client/api";
import { rangeStatistics, StatisticsBuilder } from "../../src/player/statistics";
import { dueAt } from "../messages";
import { FakeHub, play, records, sceneOf, settle, URL_OF_HUB } from "./fake_hub";

let hub: FakeHub;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new FakeHub();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function built(...values: readonly number[]) {
  const builder = new StatisticsBuilder();
  for (const value of values) builder.add(value, undefined);
  const { min, max, mean, count } = builder.result;
  return [min?.value, max?.value, mean, count];
}

test("values are counted, and missing ones are not", () => {
  expect(built(3, Number.NaN, 1, 8)).toEqual([1, 8, 4, 3]);
  expect(built()).toEqual([undefined, undefined, undefined, 0]);
});

test("the mean of very large values is a number", () => {
  expect(built(1e308, 1e308, 1e308)[2]).toBeCloseTo(1e308, -300);
  expect(built(-1.7e308, 1.7e308)[2]).toBe(0);
});

async function statistics(from: number, to: number) {
  const player = play(["ecg"]);
  hub.socket("ecg").sendHello({ seq: 1_000, fields: {} });
  hub.socket("ecg").receive(...records(900, 1_200));
  await settle();
  sceneOf(player);
  const range = { from: dueAt(from) / 1000, to: dueAt(to) / 1000 };
  const { rows } = await rangeStatistics(new Api(URL_OF_HUB), player, range);
  return rows.map((row) => row.statistics);
}

test("a range whose records are at hand is not requested", async () => {
  expect(await statistics(950, 959)).toEqual([
    { count: 10, mean: expect.closeTo(954.5, 9), min: { value: 950 }, max: { value: 959 } },
  ]);
  expect(hub.requests.filter((url) => url.includes("limit=10000"))).toEqual([]);
});

test("a range that reaches further back is read from the hub, page by page", async () => {
  const item = (seq: number) => ({ seq, t: dueAt(seq), data: { value: seq } });
  const path = "/api/v1/topics/ecg/history?";
  hub.answers.set(`${path}from_t=${dueAt(800)}&`, { next: 802, items: [item(800), item(801)] });
  hub.answers.set(`${path}from=802&`, { next: null, items: [item(802), item(959)] });
  expect(await statistics(800, 959)).toEqual([
    { count: 4, mean: expect.closeTo(840.5, 9), min: { value: 800 }, max: { value: 959 } },
  ]);
});

test("without an answer there are no statistics", async () => {
  expect(await statistics(800, 959)).toEqual([undefined]);
});
