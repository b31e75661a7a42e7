/**
 * The drawn point of a line at an instant: its newest sample up to there. The dot on the canvas, the value beside it,
 * the legend and the text for screen readers are all looked up here, so that they agree in every frame.
 */

import { type Trace, type TracePart, valuesOf } from "../scene";
import { indexAt, spellingAt } from "../topic_buffer/sample_ring";

/** A sample of a trace. The object that a caller passes in is refilled, because frames must not allocate. */
export interface TracePoint {
  time: number;
  value: number;
  seq: number;
  /** How the record spells the value; undefined if the double says it all. */
  spelling: string | undefined;
}

export function noPoint(): TracePoint {
  return { time: Number.NaN, value: Number.NaN, seq: Number.NaN, spelling: undefined };
}

/**
 * Finds the newest sample with a value up to `instant` and not before `from`; returns whether there is one. Records
 * without a value for this line are passed over: several sensors may share a topic and report in turn.
 */
export function newestPoint(trace: Trace, instant: number, from: number, point: TracePoint): boolean {
  const until = Math.min(instant, trace.playhead);
  for (let i = trace.parts.length - 1; i >= 0; i -= 1) {
    const part = trace.parts[i] as TracePart;
    const { times, begin } = part.samples;
    const values = part.samples.columns[part.column];
    const limit = nextPartStart(trace.parts, i);
    if (values === undefined) continue;
    for (let row = indexAt(part.samples, Math.min(until, limit)); row >= begin; row -= 1) {
      if ((times[row] as number) < from) return false;
      if ((times[row] as number) >= limit || Number.isNaN(values[row])) continue;
      fillPoint(part, row, point);
      return true;
    }
  }
  return false;
}

export function fillPoint(part: TracePart, row: number, point: TracePoint): void {
  const { samples, column } = part;
  point.time = samples.times[row] as number;
  point.value = valuesOf(part)?.[row] ?? Number.NaN;
  point.seq = samples.seqs[row] as number;
  point.spelling = spellingAt(samples, column, row);
}

/** The start of the next non-empty part: this part counts up to there. */
export function nextPartStart(parts: readonly TracePart[], i: number): number {
  const next = partAfter(parts, i)?.samples;
  return next === undefined ? Number.POSITIVE_INFINITY : (next.times[next.begin] as number);
}

/** The next non-empty part. */
export function partAfter(parts: readonly TracePart[], i: number): TracePart | undefined {
  for (let k = i + 1; k < parts.length; k += 1) {
    const part = parts[k];
    if (part !== undefined && part.samples.begin < part.samples.end) return part;
  }
  return undefined;
}
