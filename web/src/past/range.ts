/**
 * Which range to ask for when a view wants one: wider, so that a view that moves a little finds what it needs, and on a grid,
 * so that other views, other screens and the browser's cache ask in the same words. Pure arithmetic.
 *
 * All instants are hub time in milliseconds.
 */

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What a view wants to see, and on how many columns of pixels. */
export interface Wish extends Range {
  readonly columns: number;
}

/** A range to ask for, thinned to so many records if it has more. */
export interface Ask extends Range {
  readonly points: number;
}

/** Asked for on either side, as a share of the view. */
const MARGIN = 1 / 2;
/** A view that comes closer than this to the end of what is there asks for more. */
const MARGIN_LEAST = 1 / 8;
/** The grid's step is at most this share of the view, so that it adds little to the margin. */
const STEP = 1 / 4;
/** So many records come whole, and all fields at once, though fewer could be told apart: as many a column, … */
const WHOLE_PER_COLUMN = 4;
/** … and no more than some 200 kB of them. */
const WHOLE_MOST = 4_096;
/** More columns than the widest screen has. */
const COLUMNS_MAX = 4_096;

export function askFor(wish: Wish): Ask {
  const span = wish.to - wish.from;
  const step = powerOfTwo(Math.floor, span) * STEP;
  const from = Math.max(0, Math.floor((wish.from - span * MARGIN) / step) * step);
  // As long for every view of this span, so that only one end decides when the words change.
  const to = from + Math.ceil((span * (1 + 2 * MARGIN)) / step + 1) * step;
  const parts = (to - from) / columnMs(wish);
  // Each part of the range is answered by its least and its greatest, and the range by its ends.
  const least = Math.min(WHOLE_MOST, WHOLE_PER_COLUMN * wish.columns);
  return { from, to, points: powerOfTwo(Math.ceil, Math.max(least, 2 * parts + 2)) };
}

/** How much time one column shows. */
export function columnMs({ from, to, columns }: Wish): number {
  return (to - from) / Math.min(COLUMNS_MAX, Math.max(1, columns));
}

/** The time that one part of a thinned range covers. */
export function partMs({ from, to, points }: Ask): number {
  return (to - from) / Math.floor((points - 2) / 2);
}

/** The wish with as much around it as a view should never be without. */
export function withMargin({ from, to }: Range): Range {
  const margin = (to - from) * MARGIN_LEAST;
  return { from: Math.max(0, from - margin), to: to + margin };
}

/** How much of `wanted` lies in `range`, in milliseconds. */
export function overlap(range: Range, wanted: Range): number {
  return Math.max(0, Math.min(range.to, wanted.to) - Math.max(range.from, wanted.from));
}

/** How an ask is spelled, after the path. One spelling, for the caches on the way. */
export function queryOf({ from, to, points }: Ask, field: string | undefined): string {
  // The hub calls a record that is no object `data`.
  const name = encodeURIComponent(field ?? "data");
  return `from_t=${micros(from)}&to_t=${micros(to)}&points=${points}&field=${name}&format=json`;
}

function micros(instant: number): number {
  return Math.round(instant * 1000);
}

function powerOfTwo(round: (exponent: number) => number, value: number): number {
  return 2 ** round(Math.log2(value));
}
