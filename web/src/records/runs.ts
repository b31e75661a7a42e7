/**
 * The runs of a trace: how long each of its values lasts. A value lasts until the next record of its topic, and
 * neighbours with the same value are one run; there is no run where a record has no value or is missing. Knows
 * instants, not pixels.
 */

import { type Trace, type TracePart, valuesOf } from "../scene";
import { nextPartStart } from "../scene/trace_point";
import { indexAt } from "../topic_buffer/sample_ring";

/** Receives a run: its value, and the instants at which it begins and ends. */
export type VisitRun = (value: number, begin: number, end: number) => void;

/** One object walks all traces, so that frames do not allocate. */
export class RunWalker {
  #visit: VisitRun = () => {};
  #value = Number.NaN;
  #begin = 0;
  #end = 0;

  /** Visits the runs between `from` and the playhead, but not beyond `to`, in order of time. */
  walk(trace: Trace, from: number, to: number, visit: VisitRun): void {
    this.#visit = visit;
    this.#value = Number.NaN;
    const until = Math.min(trace.playhead, to);
    for (let i = 0; i < trace.parts.length; i += 1)
      this.#walkPart(trace.parts[i] as TracePart, from, until, nextPartStart(trace.parts, i));
    this.#flush();
  }

  #walkPart(part: TracePart, from: number, until: number, limit: number): void {
    const { samples } = part;
    const { times, end } = samples;
    const values = valuesOf(part);
    if (values === undefined || limit <= from) return;
    const last = indexAt(samples, until);
    for (let row = Math.max(samples.begin, indexAt(samples, from)); row <= last; row += 1) {
      const begin = times[row] as number;
      if (begin >= limit) break;
      const next = row + 1 < end ? (times[row + 1] as number) : Number.POSITIVE_INFINITY;
      this.#add(values[row] as number, Math.max(from, begin), Math.min(next, limit, until));
    }
  }

  #add(value: number, begin: number, end: number): void {
    if (value !== this.#value || begin > this.#end) {
      this.#flush();
      this.#value = value;
      this.#begin = begin;
    }
    this.#end = end;
  }

  #flush(): void {
    if (!Number.isNaN(this.#value)) this.#visit(this.#value, this.#begin, this.#end);
    this.#value = Number.NaN;
  }
}
