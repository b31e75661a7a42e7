/**
 * How far apart the pages are, three ways. All take columns over one clock and return milliseconds; none knows
 * what a page or a hub is.
 *
 * - timeline skew: the positions that two pages would draw at the same true instant. Perfect clocks make it 0.
 * - onset skew: the true instants at which two pages first drew the same record. Two screens that refresh 60 times a
 *   second, each in its own phase, differ by up to a frame even with perfect clocks.
 * - arrival skew: the instants at which the same record reached two pages, which is the onset skew of pages that draw
 *   what comes when it comes.
 */

import { isWithin, type Seen, type Span } from "./seen";

export interface Skew {
  /** Of each two pages, without sign. */
  readonly pairs: number[];
  /** Between the first and the last of all pages. */
  readonly spreads: number[];
}

/** Over a longer hole between two frames nobody can say what would have been drawn. */
const HOLE_MS = 250;

export function timelineSkew(pages: readonly Seen[], instants: Iterable<number>): Skew {
  const skew: Skew = { pairs: [], spreads: [] };
  for (const instant of instants) {
    compare(
      pages.map(({ frames }) => positionAt(frames, instant)),
      skew,
    );
  }
  return skew;
}

export function onsetSkew(pages: readonly Seen[], span: Span): Skew {
  return compareBySeq(pages.map(({ frames }) => onsets(frames, span)));
}

export function arrivalSkew(pages: readonly Seen[], span: Span): Skew {
  return compareBySeq(pages.map(({ arrivals }) => firstArrivals(arrivals, span)));
}

/** What a page would draw at an instant between two of its frames; NaN where it has no frame near. */
export function positionAt({ at, playhead }: Seen["frames"], instant: number): number {
  const after = firstAfter(at, instant);
  const before = after - 1;
  if (before < 0 || after >= at.length) return Number.NaN;
  const [from, to] = [at[before] as number, at[after] as number];
  if (to - from > HOLE_MS) return Number.NaN;
  const share = (instant - from) / (to - from);
  return (playhead[before] as number) * (1 - share) + (playhead[after] as number) * share;
}

/** For each record the first frame within the span that shows it or a later one. The span's first frame shows old ones. */
function onsets({ drawnAt, seq }: Seen["frames"], span: Span): Map<number, number> {
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

function firstArrivals({ at, seq }: Seen["arrivals"], span: Span): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < seq.length; i += 1) {
    const [when, which] = [at[i] as number, seq[i] as number];
    if (isWithin(span, when) && !found.has(which)) found.set(which, when);
  }
  return found;
}

/** Only records that every page had within the span: at its edges some have them before it and some after. */
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

/** The place of the first that is later; as many as there are, if none is. */
function firstAfter(ascending: Float64Array, instant: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}
