/**
 * Computes the range to request for a view: wider than the view, so that small movements need no new request, and
 * aligned to a grid, so that other views, other screens and the browser's cache use the same URL. Pure arithmetic.
 *
 * All instants are hub time in milliseconds.
 */

export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** The range that a view shows, and its width in pixel columns. */
export interface VisibleRange extends TimeRange {
  readonly columns: number;
}

/** A range to request, decimated to `points` records if it has more. */
export interface TileRequest extends TimeRange {
  readonly points: number;
}

/** Margin requested on either side, as a share of the view. */
const MARGIN = 1 / 2;
/** A view closer than this to the end of its data requests more. */
const MARGIN_LEAST = 1 / 8;
/** The grid step is at most this share of the view, so that alignment adds little to the margin. */
const STEP = 1 / 4;
/** Up to this many records per column are fetched undecimated and serve all fields at once, … */
const WHOLE_PER_COLUMN = 4;
/** … but no more than about 200 kB of them. */
const WHOLE_MOST = 4_096;
/** More columns than the widest screen has. */
const COLUMNS_MAX = 4_096;

export function tileRequestFor(range: VisibleRange): TileRequest {
  const span = range.to - range.from;
  const step = powerOfTwo(Math.floor, span) * STEP;
  const from = Math.max(0, Math.floor((range.from - span * MARGIN) / step) * step);
  // The length depends only on the view's span, so that only one end decides when the URL changes.
  const to = from + Math.ceil((span * (1 + 2 * MARGIN)) / step + 1) * step;
  const buckets = (to - from) / columnMs(range);
  // Each bucket is answered by its minimum and maximum, and the range by its two ends.
  const least = Math.min(WHOLE_MOST, WHOLE_PER_COLUMN * range.columns);
  return { from, to, points: powerOfTwo(Math.ceil, Math.max(least, 2 * buckets + 2)) };
}

/** How much time one pixel column covers. */
export function columnMs({ from, to, columns }: VisibleRange): number {
  return (to - from) / Math.min(COLUMNS_MAX, Math.max(1, columns));
}

/** How much time one bucket of a decimated range covers. */
export function bucketMs({ from, to, points }: TileRequest): number {
  return (to - from) / Math.floor((points - 2) / 2);
}

/** The range with the margin that a view should always have. */
export function withMargin({ from, to }: TimeRange): TimeRange {
  const margin = (to - from) * MARGIN_LEAST;
  return { from: Math.max(0, from - margin), to: to + margin };
}

/** Overlap of the two ranges in milliseconds. */
export function overlap(range: TimeRange, wanted: TimeRange): number {
  return Math.max(0, Math.min(range.to, wanted.to) - Math.max(range.from, wanted.from));
}

/** The query string of a request; spelled in exactly one way, for caches. */
export function toQuery({ from, to, points }: TileRequest, field: string | undefined): string {
  // The hub calls a record that is not an object `data`.
  const name = encodeURIComponent(field ?? "data");
  return `from_t=${micros(from)}&to_t=${micros(to)}&points=${points}&field=${name}&format=json`;
}

function micros(instant: number): number {
  return Math.round(instant * 1000);
}

function powerOfTwo(round: (exponent: number) => number, value: number): number {
  return 2 ** round(Math.log2(value));
}
