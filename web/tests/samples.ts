/** What a timeline holds, copied out of its ring. For tests only. */

import type { Timeline } from "../src/timeline";
import type { Samples } from "../src/timeline/ring";

export function copyOf({ times, seqs, columns, begin, end }: Samples) {
  const rows = (array: Float64Array) => [...array.subarray(begin, end)];
  return { times: rows(times), seqs: rows(seqs), columns: columns.map(rows) };
}

export function samplesOf(timeline: Timeline) {
  return copyOf(timeline.samples());
}

/** Rows of one column, a record every so many milliseconds from instant 0 on. */
export function samples(values: readonly number[], periodMs = 10): Samples {
  return {
    times: Float64Array.from(values, (_, i) => i * periodMs),
    seqs: Float64Array.from(values, (_, i) => i + 1),
    columns: [Float64Array.from(values)],
    begin: 0,
    end: values.length,
  };
}
