/**
 * How far apart the pages are, in three measures. All work on columns on one clock and return milliseconds; none knows
 * what a page or a hub is.
 *
 * - timeline skew: the difference between the positions that two pages would draw at the same true instant. It is 0 for
 *   perfect clocks.
 * - onset skew: the difference between the true instants at which two pages first drew the same record. Two 60 Hz
 *   screens with different phases differ by up to a frame even with perfect clocks.
 * - arrival skew: the difference between the instants at which the same record reached two pages, which is the onset
 *   skew of pages that draw on arrival.
 */

import { isWithin, type PageTrace, type TimeSpan } from "./page_trace";

export interface Skew {
  /** Absolute difference of each pair of pages. */
  readonly pairs: number[];
  /** Between the first and the last of all pages. */
  readonly spreads: number[];
}

/** Across a longer gap between two frames, the position is unknown. */
const GAP_MS = 250;

export function timelineSkew(pages: readonly PageTrace[], instants: Iterable<number>): Skew {
  const skew: Skew = { pairs: [], spreads: [] };
  for (const instant of instants) {
    compare(
      pages.map(({ frames }) => positionAt(frames, instant)),
      skew,
    );
  }
  return skew;
}

export function onsetSkew(pages: readonly PageTrace[], span: TimeSpan): Skew {
  return compareBySeq(pages.map(({ frames }) => onsets(frames, span)));
}

export function arrivalSkew(pages: readonly PageTrace[], span: TimeSpan): Skew {
  return compareBySeq(pages.map(({ arrivals }) => firstArrivals(arrivals, span)));
}

/** The position that a page would draw between two of its frames; NaN without a frame nearby. */
export function positionAt({ at, playhead }: PageTrace["frames"], instant: number): number {
  const after = firstAfter(at, instant);
  const before = after - 1;
  if (before < 0 || after >= at.length) return Number.NaN;
  const [from, to] = [at[before] as number, at[after] as number];
  if (to - from > GAP_MS) return Number.NaN;
  const share = (instant - from) / (to - from);
  return (playhead[before] as number) * (1 - share) + (playhead[after] as number) * share;
}

/**
 * For each record, the first frame within the span that shows it or a later one. The span's first frame also shows
 * older records.
 */
function onsets({ drawnAt, seq }: PageTrace["frames"], span: TimeSpan): Map<number, number> {
  const found = new Map<number, number>();
  let newest = Number.NaN;
  for (let i = 0; i < seq.length; i += 1) {
    const [at, shown] = [drawnAt[i] as number, seq[i] as number];
    if (!isWithin(span, at) || Number.isNaN(shown)) continue;
    for (let each = newest + 1; each <= shown; each += 1) found.set(each, at);
    newest = Number.isNaN(newest) ? shown : Math.max(newest, shown);
  }
  return found;
}

function firstArrivals({ at, seq }: PageTrace["arrivals"], span: TimeSpan): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < seq.length; i += 1) {
    const [when, which] = [at[i] as number, seq[i] as number];
    if (isWithin(span, when) && !found.has(which)) found.set(which, when);
  }
  return found;
}

/** Only records that every page received within the span: at its edges some pages received them outside. */
function compareBySeq([first, ...others]: readonly Map<number, number>[]): Skew {
  const skew: Skew = { pairs: [], spreads: [] };
  for (const [seq, at] of first ?? []) {
    const times = [at, ...others.map((other) => other.get(seq) ?? Number.NaN)];
    if (!times.some(Number.isNaN)) compare(times, skew);
  }
  return skew;
}

function compare(values: readonly number[], { pairs, spreads }: Skew): void {
  for (const [i, one] of values.entries()) {
    for (const other of values.slice(i + 1)) {
      if (!Number.isNaN(one - other)) pairs.push(Math.abs(one - other));
    }
  }
  const spread = Math.max(...values) - Math.min(...values);
  if (!Number.isNaN(spread)) spreads.push(spread);
}

/** Index of the first value after `instant`, or the array's length. */
function firstAfter(ascending: Float64Array, instant: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}
