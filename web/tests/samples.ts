/** Copies of the samples in a topic buffer. For tests only. */

import type { TopicBuffer } from "../src/topic_buffer";
import type { Samples } from "../src/topic_buffer/sample_ring";

export function copyOf({ times, seqs, columns, begin, end }: Samples) {
  const rows = (array: Float64Array) => [...array.subarray(begin, end)];
  return { times: rows(times), seqs: rows(seqs), columns: columns.map(rows) };
}

export function samplesOf(buffer: TopicBuffer) {
  return copyOf(buffer.samples());
}

/** Samples with one column, a record every `periodMs` from instant 0 on. */
export function samples(values: readonly number[], periodMs = 10): Samples {
  return {
    times: Float64Array.from(values, (_, i) => i * periodMs),
    seqs: Float64Array.from(values, (_, i) => i + 1),
    columns: [Float64Array.from(values)],
    begin: 0,
    end: values.length,
  };
}
