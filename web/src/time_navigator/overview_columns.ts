/**
 * The least and the greatest value of each column of time. Columns lie on a grid that starts in 1970, so a column keeps
 * its samples while the picture moves, and two of them make one of twice the length. Knows numbers only.
 */

import type { TimeRange } from "../history_cache/time_range";
import type { Samples } from "../topic_buffer/sample_ring";

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
  static from(samples: Samples, column: number, columnMs: number): OverviewColumns {
    const columns = new OverviewColumns(columnMs);
    const values = samples.columns[column];
    for (let i = samples.begin; values !== undefined && i < samples.end; i += 1)
      columns.put(samples.times[i] as number, values[i] as number);
    return columns;
  }

  /** The index of the column of an instant. */
  indexOf(instant: number): number {
    return Math.floor(instant / this.columnMs);
  }

  at(index: number): OverviewColumn | undefined {
    return this.#columns[index - this.#first];
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

/** The points of the columns from index `from` to index `to`. */
export function pointsOf(
  { from, to }: TimeRange,
  columnMs: number,
  columnAt: (index: number) => OverviewColumn | undefined,
): OverviewPoint[] {
  const points: OverviewPoint[] = [];
  for (let index = from; index <= to; index += 1) {
    const column = columnAt(index);
    if (column !== undefined) points.push({ ...column, at: (index + 0.5) * columnMs });
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
