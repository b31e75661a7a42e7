/**
 * A fetched stretch of the past as tables to draw from, and how well it serves a view. Made once from an answer
 * and never changed, so that it does not matter in which order answers come. Knows no network.
 */

import type { Part } from "../scene";
import { type Field, readField } from "../timeline/field";
import type { Answer, Item } from "./answer";
import { type Ask, columnMs, overlap, partMs, type Range, type Wish, withMargin } from "./range";

/** What decides whether a piece serves a view. */
export interface Reach extends Range {
  /** The time within which only extremes are known; 0: every record is here. */
  readonly partMs: number;
  /** Until then, page time, asking again would hardly bring more; undefined: nothing will ever be added. */
  readonly openUntil: number | undefined;
}

export interface Piece extends Reach {
  /** How it was asked for. */
  readonly query: string;
  readonly parts: ReadonlyMap<Field["name"], Part>;
  readonly rows: number;
}

export interface Asked {
  readonly ask: Ask;
  readonly query: string;
  readonly field: Field;
  /** Page time of the answer. */
  readonly at: number;
}

/* A view that reaches beyond the newest record asks again when there may be something to see. */
const AGAIN_SHARE = 1 / 64;
const AGAIN_LEAST_MS = 1_000;

/** `fields` are those to keep if all records came; of a thinned answer, only the extremes of its own field are known. */
export function toPiece({ ask, query, field, at }: Asked, answer: Answer, fields: readonly Field[]): Piece {
  const { items, total, isFinal } = answer;
  const isWhole = items.length >= total;
  const last = items.at(-1);
  const againMs = Math.max(AGAIN_LEAST_MS, (ask.to - ask.from) * AGAIN_SHARE);
  return {
    query,
    from: ask.from,
    to: isFinal ? ask.to : last === undefined ? ask.from : Math.min(ask.to, last.t / 1000),
    partMs: isWhole ? 0 : partMs(ask),
    openUntil: isFinal ? undefined : at + againMs,
    parts: isWhole
      ? wholeTable(items, fields)
      : new Map([[field.name, thinnedTable(items, field, total, ask.points)]]),
    rows: items.length,
  };
}

/** Whether it has all that the view wants and a bit around it, so that nothing need be asked. */
export function isEnough(reach: Reach, wish: Wish, now: number): boolean {
  const wanted = withMargin(wish);
  const isLong =
    reach.openUntil === undefined ? reach.to >= wanted.to : reach.to >= wish.to || now < reach.openUntil;
  return reach.from <= wanted.from && isLong && reach.partMs <= columnMs(wish);
}

/** Negative if `a` serves the view better than `b`: more of it, else finer where it can be seen, else shorter. */
export function compare(a: Reach, b: Reach, wish: Wish): number {
  const fineness = (reach: Reach) => Math.max(reach.partMs, columnMs(wish));
  return overlap(b, wish) - overlap(a, wish) || fineness(a) - fineness(b) || a.to - a.from - (b.to - b.from);
}

/** Whether a newer piece shows all of it, and as finely: nothing would ever be taken from the old one again. */
export function isNeedless(old: Piece, by: Piece): boolean {
  if (old.from < by.from || old.to > by.to || old.partMs < by.partMs) return false;
  for (const name of old.parts.keys()) if (!by.parts.has(name)) return false;
  return true;
}

/** Every record, one column a field. */
function wholeTable(items: readonly Item[], fields: readonly Field[]): Map<Field["name"], Part> {
  const samples = {
    times: Float64Array.from(items, ({ t }) => t / 1000),
    seqs: Float64Array.from(items, ({ seq }) => seq),
    columns: fields.map((field) => Float64Array.from(items, ({ data }) => readField(data, field))),
    begin: 0,
    end: items.length,
  };
  return new Map(fields.map(({ name }, column) => [name, { samples, column }]));
}

/**
 * The extremes of one field. A record without its number is no break here: between two extremes there may be any
 * number of those, or none. But a part of the range that has no extreme at all has no number: there the line breaks.
 */
function thinnedTable(items: readonly Item[], field: Field, total: number, points: number): Part {
  const partLen = (total - 2) / Math.floor((points - 2) / 2);
  const rows: [time: number, seq: number, value: number][] = [];
  let [lastTime, lastSeq] = [0, Number.POSITIVE_INFINITY];
  for (const { seq, t, data } of items) {
    const value = readField(data, field);
    if (Number.isNaN(value)) continue;
    const time = t / 1000;
    // Neighbouring parts are never further apart than their two lengths, rounded.
    if (seq - lastSeq > 2 * partLen + 1) rows.push([(lastTime + time) / 2, Number.NaN, Number.NaN]);
    rows.push([time, seq, value]);
    [lastTime, lastSeq] = [time, seq];
  }
  const columnOf = (i: 0 | 1 | 2) => Float64Array.from(rows, (row) => row[i]);
  const samples = {
    times: columnOf(0),
    seqs: columnOf(1),
    columns: [columnOf(2)],
    begin: 0,
    end: rows.length,
  };
  return { samples, column: 0 };
}
