/**
 * The newest samples of a trace, for lists and tables: from history and live samples alike, each once. Apart from the
 * traces, because only parts that are loaded on demand need it.
 */

import { type Trace, type TracePart, valuesOf } from "../scene";
import { indexAt } from "../topic_buffer/sample_ring";

/** A sample of a trace: of a trace of records, the value is their `seq`. */
export interface TraceSample {
  readonly time: number;
  readonly value: number;
  readonly seq: number;
}

/** The newest samples with a value between `from` and `to`, at most `count`, newest first. */
export function newestSamples(trace: Trace, from: number, to: number, count: number): TraceSample[] {
  const found: TraceSample[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (let i = trace.parts.length - 1; i >= 0; i -= 1) {
    const part = trace.parts[i] as TracePart;
    const { samples } = part;
    const values = valuesOf(part);
    let row = indexAt(samples, Math.min(to, trace.playhead));
    while (row >= samples.begin && (samples.times[row] as number) >= limit) row -= 1;
    for (; row >= samples.begin && found.length < count; row -= 1) {
      const time = samples.times[row] as number;
      if (time < from) break;
      const value = values?.[row] ?? Number.NaN;
      if (!Number.isNaN(value)) found.push({ time, value, seq: samples.seqs[row] as number });
    }
    // Each part counts up to where the next one begins.
    if (samples.begin < samples.end) limit = samples.times[samples.begin] as number;
  }
  return found;
}
