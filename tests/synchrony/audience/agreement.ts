/** Whether the quantiles that the hub exports are those of the reports that were sent, to within a bucket. */

import type { Report } from "../../../web/src/client/protocol";
import { quantile } from "../figures/distribution";
import { bucketOf, type ExportedHistogram, quantileBucket } from "./exported";

/** One quantile of one figure. */
export interface QuantileAgreement {
  readonly figure: string;
  readonly share: number;
  /** Of the reports. */
  readonly reported: number;
  /** The bucket of that, and the bucket that the hub's counts give. */
  readonly reportedBucket: number;
  readonly exportedBucket: number;
  /** The upper bound of the exported bucket. */
  readonly exportedBound: number;
}

/** A figure of the reports that the hub exports as a histogram. */
export interface Figure {
  readonly metric: string;
  /** Its value in a report; undefined if the report has none. */
  readonly of: (report: Report) => number | undefined;
}

export const FIGURES: readonly Figure[] = [
  { metric: "tickcast_viewer_clock_bound_seconds", of: ({ bound_us }) => bound_us / 1e6 },
  {
    metric: "tickcast_viewer_late_ratio",
    of: ({ late, received }) => (received > 0 ? late / received : undefined),
  },
  { metric: "tickcast_viewer_frames_per_second", of: ({ frames, seconds }) => frames / Math.max(1, seconds) },
];

const SHARES = [0.5, 0.9, 0.99];

export function agreement(
  { metric, of }: Figure,
  reports: readonly Report[],
  histogram: ExportedHistogram,
): QuantileAgreement[] {
  const values = reports.map(of).filter((value) => value !== undefined);
  const sorted = Float64Array.from(values).sort();
  return SHARES.map((share) => {
    const reported = quantile(sorted, share);
    const exportedBucket = quantileBucket(histogram, share);
    return {
      figure: metric,
      share,
      reported,
      reportedBucket: bucketOf(histogram, reported),
      exportedBucket,
      exportedBound: histogram.bounds[exportedBucket] ?? Number.NaN,
    };
  });
}

/** Whether both are in the same or in neighbouring buckets. */
export function isWithinABucket({ reportedBucket, exportedBucket }: QuantileAgreement): boolean {
  return reportedBucket >= 0 && exportedBucket >= 0 && Math.abs(reportedBucket - exportedBucket) <= 1;
}
