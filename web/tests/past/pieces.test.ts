/** From answers to tables, which of them serve a view, and how many are kept. */

import { expect, test } from "vitest";
import type { Answer } from "../../src/past/answer";
import { compare, isEnough, type Piece, toPiece } from "../../src/past/piece";
import { askFor, columnMs, partMs as finenessOf, queryOf, withMargin } from "../../src/past/range";
import { PIECES_MAX, ROWS_MAX, Shelf } from "../../src/past/shelf";
import { seeded } from "../random";
import { OTHER, VALUE } from "./hub";

const ASK = { from: 0, to: 10_000, points: 12 };

function answer(items: [seq: number, value: number | null][], total = items.length): Answer {
  return {
    epoch: "abc",
    total,
    items: items.map(([seq, value]) => ({ seq, t: seq * 1_000_000, data: { value } })),
    isFinal: true,
  };
}

function pieceOf(answered: Answer): Piece {
  return toPiece({ ask: ASK, query: "q", field: VALUE, at: 0 }, answered, [OTHER, VALUE]);
}

function piece(from: number, to: number, { partMs = 0, rows = 10 } = {}): Piece {
  const samples = {
    times: new Float64Array(),
    seqs: new Float64Array(),
    columns: [],
    begin: 0,
    end: 0,
  };
  const parts = new Map([["value", { samples, column: 0 }]]);
  return { query: `${from} ${to} ${partMs}`, from, to, partMs, rows, parts, openUntil: undefined };
}

test("where every record came, a missing number is a break", () => {
  const { parts, partMs: fineness } = pieceOf(
    answer([
      [1, 5],
      [2, null],
      [3, 7],
    ]),
  );
  const { samples, column } = parts.get("value") ?? { samples: undefined, column: -1 };
  expect(samples?.columns[column]).toEqual(Float64Array.of(5, Number.NaN, 7));
  expect(samples?.times).toEqual(Float64Array.of(1_000, 2_000, 3_000));
  expect(fineness).toBe(0);
});

test("of thinned records, one without the number is no break", () => {
  const { parts, partMs: fineness } = pieceOf(
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
  expect(fineness).toBe(2_000);
});

test("of thinned records, a part of the range without any number is a break", () => {
  const items: [number, number][] = [
    [1, 5],
    [2, 5],
    [40, 7],
    [52, 7],
  ];
  const { samples } = pieceOf(answer(items, 52)).parts.get("value") ?? {};
  expect(samples?.seqs).toEqual(Float64Array.of(1, 2, Number.NaN, 40, 52));
  expect(samples?.times[2]).toBe(21_000);
  expect(samples?.end).toBe(5);
});

test("what is asked for holds the view and its margin, finely enough, whatever the view", () => {
  const random = seeded(7);
  for (let i = 0; i < 2_000; i += 1) {
    const span = 100 * 10 ** (random() * 8.5);
    const from = 1.8e12 * random();
    const wish = { from, to: from + span, columns: Math.ceil(random() * 8_000) };
    const ask = askFor(wish);
    const reach = { ...ask, partMs: finenessOf(ask), openUntil: undefined };
    expect(isEnough(reach, wish, 0)).toBe(true);
    expect(ask.to - ask.from).toBeLessThanOrEqual(2.5 * span);
    expect(ask.points).toBeLessThanOrEqual(32_768);
    expect(Number.isInteger(ask.from * 1000)).toBe(true);
  }
});

test("views that differ a little ask in the same words", () => {
  const queries = [0, 100, 500, 900].map((shift) =>
    queryOf(askFor({ from: 1_000_400 + shift, to: 1_010_400 + shift, columns: 500 + shift / 10 }), undefined),
  );
  expect(new Set(queries).size).toBe(1);
  expect(queries[0]).toMatch(/^from_t=\d+&to_t=\d+&points=4096&field=data&format=json$/);
});

test("the name of a field goes as it is, however it is spelled", () => {
  const query = new URLSearchParams(queryOf(ASK, "a&b=ü +"));
  expect(query.get("field")).toBe("a&b=ü +");
});

test("of pieces, the one that shows more of the view is better, then the finer, then the shorter", () => {
  const wish = { from: 1_000, to: 2_000, columns: 100 };
  const sorted = [
    piece(900, 2_100),
    piece(900, 2_100, { partMs: columnMs(wish) }),
    piece(0, 9_000),
    piece(0, 3_000, { partMs: 50 }),
    piece(1_000, 1_900),
    piece(1_500, 1_600),
  ];
  expect([...sorted].reverse().sort((a, b) => compare(a, b, wish))).toEqual([
    sorted[1],
    sorted[0],
    ...sorted.slice(2),
  ]);
  expect(withMargin(wish)).toEqual({ from: 875, to: 2_125 });
});

test("what was not looked at for the longest time goes first", () => {
  const shelf = new Shelf();
  for (let i = 0; i < PIECES_MAX; i += 1) shelf.put(piece(i * 100, i * 100 + 100));
  const look = (i: number) => shelf.best({ from: i * 100, to: i * 100 + 100, columns: 10 }, "value");
  expect(look(0)).toBeDefined();
  shelf.put(piece(1e6, 1e6 + 100));
  expect(shelf.pieces).toBe(PIECES_MAX);
  expect(look(0)).toBeDefined();
  expect(look(1)).toBeUndefined();
});

test("the rows of all pieces together are bounded; the newest piece stays, however many it has", () => {
  const shelf = new Shelf();
  for (let i = 0; i < 30; i += 1) shelf.put(piece(i, i + 1, { rows: 30_000 }));
  expect(shelf.rows).toBeLessThanOrEqual(ROWS_MAX);
  expect(shelf.pieces).toBe(13);
  shelf.put(piece(500, 501, { rows: 2 * ROWS_MAX }));
  expect(shelf.pieces).toBe(1);
  shelf.put(piece(500, 501, { rows: 10 }));
  expect(shelf.rows).toBe(10);
  shelf.clear();
  expect([shelf.pieces, shelf.rows]).toEqual([0, 0]);
});

test("a piece goes when a newer one shows all of it, and as finely", () => {
  const shelf = new Shelf();
  shelf.put(piece(100, 200, { partMs: 5 }));
  shelf.put(piece(100, 200.5, { partMs: 1 }));
  expect(shelf.pieces).toBe(1);
  shelf.put(piece(0, 1_000, { partMs: 5 }));
  expect(shelf.pieces, "the older one is finer").toBe(2);
});

test("whoever looks at one range at a time keeps few pieces", () => {
  const shelf = new Shelf(2);
  for (let i = 0; i < 9; i += 1) shelf.put(piece(i * 100, i * 100 + 100));
  expect(shelf.pieces).toBe(2);
});
