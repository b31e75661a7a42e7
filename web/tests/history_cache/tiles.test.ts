/** Tiles: how responses are converted, which tile serves a view, and how many are kept. */

import { expect, test } from "vitest";
import type { HistoryResponse } from "../../src/history_cache/history_response";
import { compareTiles, isSufficient, type Tile, toTile } from "../../src/history_cache/tile";
import { ROWS_MAX, TILES_MAX, TileStore } from "../../src/history_cache/tile_store";
import {
  bucketMs as bucketMsOf,
  columnMs,
  tileRequestFor,
  toQuery,
  withMargin,
} from "../../src/history_cache/time_range";
import { seeded } from "../samples";
import { OTHER, VALUE } from "./harness";

const REQUEST = { from: 0, to: 10_000, points: 12 };

function answer(items: [seq: number, value: number | null][], total = items.length): HistoryResponse {
  return {
    epoch: "abc",
    total,
    items: items.map(([seq, value]) => ({ seq, t: seq * 1_000_000, data: { value } })),
    isFinal: true,
  };
}

function tileOf(answered: HistoryResponse): Tile {
  return toTile({ request: REQUEST, query: "q", field: VALUE, at: 0 }, answered, [OTHER, VALUE]);
}

function tile(from: number, to: number, { bucketMs = 0, rows = 10 } = {}): Tile {
  const samples = {
    times: new Float64Array(),
    seqs: new Float64Array(),
    columns: [],
    begin: 0,
    end: 0,
  };
  const parts = new Map([["value", { samples, column: 0 }]]);
  return { query: `${from} ${to} ${bucketMs}`, from, to, bucketMs, rows, parts, freshUntil: undefined };
}

test("in a complete response a missing number is a break", () => {
  const { parts, bucketMs } = tileOf(
    answer([
      [1, 5],
      [2, null],
      [3, 7],
    ]),
  );
  const { samples, column } = parts.get("value") ?? { samples: undefined, column: -1 };
  expect(samples?.columns[column]).toEqual(Float64Array.of(5, Number.NaN, 7));
  expect(samples?.times).toEqual(Float64Array.of(1_000, 2_000, 3_000));
  expect(bucketMs).toBe(0);
});

test("in a decimated response a record without a number is not a break", () => {
  const { parts, bucketMs } = tileOf(
    answer(
      [
        [1, null],
        [3, 5],
        [18, 7],
        [30, 8],
        [55, null],
      ],
      55,
    ),
  );
  const { samples } = parts.get("value") ?? {};
  expect(samples?.seqs).toEqual(Float64Array.of(3, 18, 30));
  expect(samples?.columns).toEqual([Float64Array.of(5, 7, 8)]);
  expect(parts.has("other")).toBe(false);
  expect(bucketMs).toBe(2_000);
});

test("in a decimated response a bucket without any number is a break", () => {
  const items: [number, number][] = [
    [1, 5],
    [2, 5],
    [40, 7],
    [52, 7],
  ];
  const { samples } = tileOf(answer(items, 52)).parts.get("value") ?? {};
  expect(samples?.seqs).toEqual(Float64Array.of(1, 2, Number.NaN, 40, 52));
  expect(samples?.times[2]).toBe(21_000);
  expect(samples?.end).toBe(5);
});

test("the requested range covers the view and its margin finely enough, for any view", () => {
  const random = seeded(7);
  for (let i = 0; i < 2_000; i += 1) {
    const span = 100 * 10 ** (random() * 8.5);
    const from = 1.8e12 * random();
    const view = { from, to: from + span, columns: Math.ceil(random() * 8_000) };
    const request = tileRequestFor(view);
    const coverage = { ...request, bucketMs: bucketMsOf(request), freshUntil: undefined };
    expect(isSufficient(coverage, view, 0)).toBe(true);
    expect(request.to - request.from).toBeLessThanOrEqual(2.5 * span);
    expect(request.points).toBeLessThanOrEqual(32_768);
    expect(Number.isInteger(request.from * 1000)).toBe(true);
  }
});

test("views that differ slightly request the same URL", () => {
  const queries = [0, 100, 500, 900].map((shift) =>
    toQuery(
      tileRequestFor({ from: 1_000_400 + shift, to: 1_010_400 + shift, columns: 500 + shift / 10 }),
      undefined,
    ),
  );
  expect(new Set(queries).size).toBe(1);
  expect(queries[0]).toMatch(/^from_t=\d+&to_t=\d+&points=4096&field=data&format=json$/);
});

test("any field name survives in the query", () => {
  const query = new URLSearchParams(toQuery(REQUEST, "a&b=ü +"));
  expect(query.get("field")).toBe("a&b=ü +");
});

test("a tile that covers more of the view is better, then a finer one, then a shorter one", () => {
  const view = { from: 1_000, to: 2_000, columns: 100 };
  const sorted = [
    tile(900, 2_100),
    tile(900, 2_100, { bucketMs: columnMs(view) }),
    tile(0, 9_000),
    tile(0, 3_000, { bucketMs: 50 }),
    tile(1_000, 1_900),
    tile(1_500, 1_600),
  ];
  expect([...sorted].reverse().sort((a, b) => compareTiles(a, b, view))).toEqual([
    sorted[1],
    sorted[0],
    ...sorted.slice(2),
  ]);
  expect(withMargin(view)).toEqual({ from: 875, to: 2_125 });
});

test("the least recently used tile is evicted first", () => {
  const store = new TileStore();
  for (let i = 0; i < TILES_MAX; i += 1) store.put(tile(i * 100, i * 100 + 100));
  const look = (i: number) => store.best({ from: i * 100, to: i * 100 + 100, columns: 10 }, "value");
  expect(look(0)).toBeDefined();
  store.put(tile(1e6, 1e6 + 100));
  expect(store.tiles).toBe(TILES_MAX);
  expect(look(0)).toBeDefined();
  expect(look(1)).toBeUndefined();
});

test("the total number of rows is bounded, but the newest tile always stays", () => {
  const store = new TileStore();
  for (let i = 0; i < 30; i += 1) store.put(tile(i, i + 1, { rows: 30_000 }));
  expect(store.rows).toBeLessThanOrEqual(ROWS_MAX);
  expect(store.tiles).toBe(13);
  store.put(tile(500, 501, { rows: 2 * ROWS_MAX }));
  expect(store.tiles).toBe(1);
  store.put(tile(500, 501, { rows: 10 }));
  expect(store.rows).toBe(10);
  store.clear();
  expect([store.tiles, store.rows]).toEqual([0, 0]);
});

test("a tile is dropped when a newer one covers it at least as finely", () => {
  const store = new TileStore();
  store.put(tile(100, 200, { bucketMs: 5 }));
  store.put(tile(100, 200.5, { bucketMs: 1 }));
  expect(store.tiles).toBe(1);
  store.put(tile(0, 1_000, { bucketMs: 5 }));
  expect(store.tiles, "the older one is finer").toBe(2);
});

test("the number of tiles can be limited", () => {
  const store = new TileStore(2);
  for (let i = 0; i < 9; i += 1) store.put(tile(i * 100, i * 100 + 100));
  expect(store.tiles).toBe(2);
});
