/**
 * The least and the greatest value of each column of time. Columns lie on a grid that starts in 1970, so a column keeps
 * its samples while the picture moves, and two of them make one of twice the length. Knows numbers only.
 */

import type { TimeRange } from "../history_cache/time_range";
import type { SEQS, TracePart } from "../scene";

export interface OverviewColumn {
  readonly low: number;
  readonly high: number;
  /** Whether the line breaks between the column before and the end of this one. */
  readonly isBroken: boolean;
}

/** A column with its place. */
export interface OverviewPoint extends OverviewColumn {
  /** The middle of the column. */
  readonly at: number;
}

/** A copy, because an import would make the bundler take what both bundles share out of the first one. */
export const RECORDS: typeof SEQS = -1;
/** Of a trace of records: as high as the band can be. */
const RECORD: OverviewColumn = { low: 0, high: 1, isBroken: false };
/** Several screens; beyond that, the oldest are dropped. */
const COLUMNS_MAX = 8_192;

export class OverviewColumns {
  readonly columnMs: number;
  /** Index of the first element of `#columns`. */
  #first = 0;
  #columns: (OverviewColumn | undefined)[] = [];

  constructor(columnMs: number) {
    this.columnMs = columnMs;
  }

  /** The columns of all rows of a table. */
  static from(part: TracePart, columnMs: number): OverviewColumns {
    const columns = new OverviewColumns(columnMs);
    const { begin, end } = part.samples;
    for (let row = begin; row < end; row += 1) columns.add(part, row);
    return columns;
  }

  /** The index of the column of an instant. */
  indexOf(instant: number): number {
    return Math.floor(instant / this.columnMs);
  }

  at(index: number): OverviewColumn | undefined {
    return this.#columns[index - this.#first];
  }

  /** Adds the sample in this row; of a trace of records, only that there is a record. */
  add({ samples, column }: TracePart, row: number): void {
    const time = samples.times[row] as number;
    if (column === RECORDS && !Number.isNaN(samples.seqs[row])) this.#merge(this.indexOf(time), RECORD);
    else this.put(time, samples.columns[column]?.[row] ?? Number.NaN);
  }

  /** Adds a value, or a break if it is NaN; in order of time. */
  put(instant: number, value: number): void {
    const added = Number.isNaN(value)
      ? { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY, isBroken: true }
      : { low: value, high: value, isBroken: false };
    this.#merge(this.indexOf(instant), added);
  }

  /** The columns in a range that hold a value or a break, in order of time. */
  points({ from, to }: TimeRange): OverviewPoint[] {
    return pointsOf({ from: this.indexOf(from), to: this.indexOf(to) }, this.columnMs, (i) => this.at(i));
  }

  /** The same values in columns of twice the length. */
  coarser(): OverviewColumns {
    const coarse = new OverviewColumns(2 * this.columnMs);
    for (const [i, column] of this.#columns.entries())
      if (column !== undefined) coarse.#merge(Math.floor((this.#first + i) / 2), column);
    return coarse;
  }

  /** Drops the oldest columns if there are too many; returns the first instant of those that are left, if so. */
  trim(): number | undefined {
    if (this.#columns.length <= COLUMNS_MAX) return undefined;
    const dropped = this.#columns.length - COLUMNS_MAX / 2;
    this.#columns = this.#columns.slice(dropped);
    this.#first += dropped;
    return this.#first * this.columnMs;
  }

  #merge(index: number, added: OverviewColumn): void {
    if (this.#columns.length === 0) this.#first = index;
    const place = index - this.#first;
    // A gap of any length is one restart: an array would have to hold it.
    if (place < 0 || place > 2 * COLUMNS_MAX) {
      this.#columns = [added];
      this.#first = index;
      return;
    }
    while (this.#columns.length < place) this.#columns.push(undefined);
    const before = this.#columns[place];
    this.#columns[place] = before === undefined ? added : union(before, added);
  }
}

/**
 * The points of the columns from index `from` to index `to`. A line goes on over empty columns; records do not, so
 * `isOfRecords` makes each empty column a break.
 */
export function pointsOf(
  { from, to }: TimeRange,
  columnMs: number,
  columnAt: (index: number) => OverviewColumn | undefined,
  isOfRecords = false,
): OverviewPoint[] {
  const points: OverviewPoint[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let index = from; index <= to; index += 1) {
    const column = columnAt(index);
    if (column === undefined) continue;
    const isBroken = column.isBroken || (isOfRecords && last < index - 1);
    points.push({ ...column, isBroken, at: (index + 0.5) * columnMs });
    last = index;
  }
  return points;
}

export function union(one: OverviewColumn, other: OverviewColumn): OverviewColumn {
  return {
    low: Math.min(one.low, other.low),
    high: Math.max(one.high, other.high),
    isBroken: one.isBroken || other.isBroken,
  };
}
