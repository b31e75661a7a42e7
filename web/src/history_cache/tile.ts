/**
 * A tile: one fetched range of history as tables to draw from, and how well it serves a view. Tiles are immutable, so
 * the order in which responses arrive does not matter. Knows no network.
 */

import type { TracePart } from "../scene";
import { type Field, fieldId, readField, readSpelling } from "../topic_buffer/field";
import type { HistoryRecord, HistoryResponse } from "./history_response";
import {
  bucketMs,
  columnMs,
  overlap,
  type TileRequest,
  type TimeRange,
  type VisibleRange,
  withMargin,
} from "./time_range";

/** The part of a tile that decides whether it serves a view. */
export interface TileCoverage extends TimeRange {
  /** Length of the buckets of which only the extremes are known; 0 if every record is present. */
  readonly bucketMs: number;
  /** Until this page time a new request would hardly bring more; undefined if the tile is final. */
  readonly freshUntil: number | undefined;
}

export interface Tile extends TileCoverage {
  /** The query it was fetched with; identifies the tile. */
  readonly query: string;
  /** By `fieldId`. */
  readonly parts: ReadonlyMap<ReturnType<typeof fieldId>, TracePart>;
  readonly rows: number;
}

export interface TileSource {
  readonly request: TileRequest;
  readonly query: string;
  readonly field: Field;
  /** Page time of the response. */
  readonly at: number;
  /** See `HistoryCacheOptions`. */
  readonly refetchShare?: number | undefined;
}

/* A view that reaches beyond the newest record is refetched when there may be something new to see. */
const REFETCH_SHARE = 1 / 64;
const REFETCH_MIN_MS = 1_000;

/**
 * Converts a response. `fields` are converted if all records are present; a decimated response contains the extremes of
 * its own field only.
 */
export function toTile(
  { request, query, field, at, refetchShare = REFETCH_SHARE }: TileSource,
  answer: HistoryResponse,
  fields: readonly Field[],
): Tile {
  const { items, total, isFinal } = answer;
  const isWhole = items.length >= total;
  const last = items.at(-1);
  const refetchMs = Math.max(REFETCH_MIN_MS, (request.to - request.from) * refetchShare);
  return {
    query,
    from: request.from,
    to: isFinal ? request.to : last === undefined ? request.from : Math.min(request.to, last.t / 1000),
    bucketMs: isWhole ? 0 : bucketMs(request),
    freshUntil: isFinal ? undefined : at + refetchMs,
    parts: isWhole
      ? fullTable(items, fields)
      : new Map([[fieldId(field), decimatedTable(items, field, total, request.points)]]),
    rows: items.length,
  };
}

/** Whether the tile covers the view and a margin around it finely enough, so that no request is needed. */
export function isSufficient(coverage: TileCoverage, range: VisibleRange, now: number): boolean {
  const wanted = withMargin(range);
  const isLong =
    coverage.freshUntil === undefined
      ? coverage.to >= wanted.to
      : coverage.to >= range.to || now < coverage.freshUntil;
  return coverage.from <= wanted.from && isLong && coverage.bucketMs <= columnMs(range);
}

/**
 * Sorts tiles by how well they serve the view: more coverage, then finer where visible, then shorter. Negative if `a`
 * is better.
 */
export function compareTiles(a: TileCoverage, b: TileCoverage, range: VisibleRange): number {
  const fineness = (coverage: TileCoverage) => Math.max(coverage.bucketMs, columnMs(range));
  return (
    overlap(b, range) - overlap(a, range) || fineness(a) - fineness(b) || a.to - a.from - (b.to - b.from)
  );
}

/** Whether a newer tile covers the old one at least as finely, so that the old one would never be used again. */
export function isSuperseded(old: Tile, by: Tile): boolean {
  if (old.from < by.from || old.to > by.to || old.bucketMs < by.bucketMs) return false;
  for (const name of old.parts.keys()) if (!by.parts.has(name)) return false;
  return true;
}

/** All records, with one column per field. */
function fullTable(
  items: readonly HistoryRecord[],
  fields: readonly Field[],
): Map<string | undefined, TracePart> {
  const samples = {
    times: Float64Array.from(items, ({ t }) => t / 1000),
    seqs: Float64Array.from(items, ({ seq }) => seq),
    columns: fields.map((field) => Float64Array.from(items, ({ data }) => readField(data, field))),
    spellings: fields.map((field) => spellingsOf(items, field)),
    begin: 0,
    end: items.length,
  };
  return new Map(fields.map((field, column) => [fieldId(field), { samples, column }]));
}

/**
 * The extremes of one field. A record without a number is not a break here: any number of records may lie between two
 * extremes. But a bucket without extremes has no number at all, and there the line breaks.
 */
function decimatedTable(
  items: readonly HistoryRecord[],
  field: Field,
  total: number,
  points: number,
): TracePart {
  const bucketLen = (total - 2) / Math.floor((points - 2) / 2);
  const rows: [time: number, seq: number, value: number][] = [];
  let [lastTime, lastSeq] = [0, Number.POSITIVE_INFINITY];
  for (const { seq, t, data } of items) {
    const value = readField(data, field);
    if (Number.isNaN(value)) continue;
    const time = t / 1000;
    // Neighbouring buckets are never further apart than twice their length, rounded up.
    if (seq - lastSeq > 2 * bucketLen + 1) rows.push([(lastTime + time) / 2, Number.NaN, Number.NaN]);
    rows.push([time, seq, value]);
    [lastTime, lastSeq] = [time, seq];
  }
  const columnOf = (i: 0 | 1 | 2) => Float64Array.from(rows, (row) => row[i]);
  const samples = {
    times: columnOf(0),
    seqs: columnOf(1),
    columns: [columnOf(2)],
    spellings: [spellingsOf(items, field)],
    begin: 0,
    end: rows.length,
  };
  return { samples, column: 0, isDecimated: true };
}

/** How the records spell the numbers of a field that a double does not hold, by `seq`; undefined if there are none. */
function spellingsOf(items: readonly HistoryRecord[], field: Field): ReadonlyMap<number, string> | undefined {
  const found = new Map<number, string>();
  for (const item of items) {
    const spelling = readSpelling(item.data, field, { holder: item, key: "data" });
    if (spelling !== undefined) found.set(item.seq, spelling);
  }
  return found.size === 0 ? undefined : found;
}
