/** Test data: copies of the samples in a topic buffer, samples to draw, and random numbers. For tests only. */

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

/** A small seeded random number generator (mulberry32), so that a failing simulation fails again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
