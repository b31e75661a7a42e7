/** Which columns are drawn: by default, by the page's address, and after a choice. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Json } from "../../src/client/protocol";
import { columnProblems } from "../../src/main/address_problems";
import type { Player } from "../../src/player";
import { viewState } from "../../src/player/view_state";
import { withColumns } from "../../src/view/columns_dialog";
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

const NAMES = Array.from({ length: 40 }, (_, i) => `c${i}`);
const WIDE: Json = { site: "north", ...Object.fromEntries(NAMES.map((name, i) => [name, i])) };

async function playing(columns?: readonly string[], topics: readonly string[] = ["wide"]): Promise<Player> {
  const player = play(topics, { columns });
  for (const topic of topics) {
    hub.socket(topic).sendHello({ topic, seq: 1_000 });
    hub.socket(topic).receive(...records(990, 1_000, WIDE));
  }
  await settle();
  return player;
}

function drawn(player: Player): readonly string[] {
  const { traces } = sceneOf(player);
  return traces.map(({ series }) => series.key);
}

function columnsOf(player: Player) {
  return viewState(player, performance.now(), undefined).columns;
}

const keys = (names: readonly string[], topic = "wide") => names.map((name) => `${topic}/${name}`);

test("by default the first eight numbers are drawn, and what is not a number", async () => {
  const player = await playing();
  expect(drawn(player)).toEqual(keys(NAMES.slice(0, 8)));
  expect(player.scene(player.hubNow() ?? 0, 100).others).toHaveLength(1);
  expect(columnsOf(player)).toEqual({ drawn: 9, all: 41 });
});

test("only the columns drawn have traces, of any kind", async () => {
  const player = await playing(["c3", "c39"]);
  expect(drawn(player)).toEqual(keys(["c3", "c39"]));
  expect(player.traces).toHaveLength(2);
  expect(player.scene(player.hubNow() ?? 0, 100).others).toEqual([]);
  expect(columnsOf(player)).toEqual({ drawn: 2, all: 41 });
});

test("none may be drawn: the page does not say that the records have no numbers", async () => {
  const player = await playing([""]);
  expect(drawn(player)).toEqual([]);
  expect(viewState(player, performance.now(), undefined).notice).toBeUndefined();
});

test("columns that no record has leave the default", async () => {
  const player = await playing(["nothing"]);
  expect(drawn(player)).toEqual(keys(NAMES.slice(0, 8)));
  expect(columnProblems(["nothing", "c1", "wide/c2"], player.subscriptions)).toEqual([
    "In the address, but not in the records: nothing",
  ]);
});

test("of several topics, each has its columns, and one without any has its first", async () => {
  const player = await playing(["a/c1", "a/c2"], ["a", "b"]);
  expect(drawn(player)).toEqual([...keys(["c1", "c2"], "a"), ...keys(NAMES.slice(0, 8), "b")]);
  player.choices.columns = ["c4", "b/"];
  expect(drawn(player)).toEqual(["a/c4"]);
});

test("a line that was hidden and is chosen again is still hidden", async () => {
  const player = await playing(["c1", "c2"]);
  drawn(player);
  player.toggle("wide/c1");
  expect(drawn(player)).toEqual(["wide/c2"]);
  player.choices.columns = ["c2"];
  drawn(player);
  player.choices.columns = ["c1", "c2"];
  expect(drawn(player)).toEqual(["wide/c2"]);
});

test("a choice is written in the order of the records, with the topic where that is needed", async () => {
  const player = await playing();
  const fields = player.subscriptions[0]?.buffer.fields ?? [];
  const choice = { topic: "wide", fields, names: new Set(["c9", "c2"]), isAlone: true };
  expect(withColumns([], choice)).toEqual(["c2", "c9"]);
  expect(withColumns(["c1", "other/c1"], choice)).toEqual(["other/c1", "c2", "c9"]);
  expect(withColumns([], { ...choice, isAlone: false })).toEqual(["wide/c2", "wide/c9"]);
  expect(withColumns(["c1"], { ...choice, names: new Set() })).toEqual([""]);
  expect(withColumns(["wide/c1", "b/x"], { ...choice, names: new Set(), isAlone: false })).toEqual([
    "b/x",
    "wide/",
  ]);
  expect(withColumns(["c1", "wide/c2"], { ...choice, names: undefined })).toEqual([]);
});
