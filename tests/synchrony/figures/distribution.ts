/** Summary statistics: quantiles, and a curve to plot. */

export interface Distribution {
  readonly count: number;
  /** NaN, and null in JSON, without values. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  return {
    count: sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: sorted.at(-1) ?? Number.NaN,
  };
}

/** The smallest value that at least this share of values does not exceed. Values are not interpolated. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Enough for a smooth curve to the last half per cent. */
const CURVE_POINTS = 200;

/** The quantiles at equal steps, ascending; the last is the maximum. */
export function curve(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return [];
  return Array.from({ length: CURVE_POINTS }, (_, i) => quantile(sorted, (i + 1) / CURVE_POINTS));
}
