/**
 * The line's course, from samples to the few points that a screen can show: one walk over what is visible, which
 * also finds the extremes. The line ends at the playhead, inside the segment that leads to the next sample; where
 * that sample is not known, at the last one: nothing is extrapolated. Knows no canvas.
 *
 * One outline serves one line for good and keeps its arrays: a frame must not allocate.
 */

import type { Part, Trace } from "../scene";
import { indexAt, type Samples } from "../timeline/ring";

/** From this many samples in a column on, only the extremes are kept; the eye sees no difference. */
const DENSE = 2;
/** A line that has been thinned out stays so down to this many: its looks must not change to and fro. */
const STILL_DENSE = 1.6;

export class Outline {
  #times = new Float64Array(1_024);
  #values = new Float64Array(1_024);
  #length = 0;
  /** The points of the frame before. */
  #pastTimes = new Float64Array(1_024);
  #pastValues = new Float64Array(1_024);
  #pastLength = 0;
  #phase = 0;
  #isThinned = false;
  #wasThinned = false;
  /** Of the values that are visible, with one sample beyond each end; infinite where there are none. */
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;
  /** Where the line ends. NaN: nowhere. */
  endTime = Number.NaN;
  endValue = Number.NaN;

  get length(): number {
    return this.#length;
  }

  /** Whether there was more than a screen can show. */
  get isThinned(): boolean {
    return this.#isThinned;
  }

  time(i: number): number {
    return this.#times[i] as number;
  }

  /** NaN lifts the pen. */
  value(i: number): number {
    return this.#values[i] as number;
  }

  /** Takes the line from `from` on, to the playhead but not beyond `to`, for columns so many milliseconds wide. */
  trace(trace: Trace, from: number, to: number, columnMs: number): void {
    const until = Math.min(trace.playhead, to);
    this.#clear();
    for (let i = 0; i < trace.parts.length; i += 1) {
      const { samples: part, column } = trace.parts[i] as Part;
      const values = part.columns[column];
      const limit = beginningAfter(trace.parts, i);
      // What comes next reaches back to the edge by itself.
      if (values === undefined || part.begin === part.end || limit <= from) continue;
      const first = Math.max(part.begin, indexAt(part, from));
      const last = Math.min(indexAt(part, until), lastBefore(part, limit));
      this.#walk(part, values, first, last, columnMs);
      if (last >= part.begin) this.#close(trace, i, last, until);
    }
  }

  /**
   * How far into its piece the line begins, in pixels: the way along the points that have left, frame by frame. A pattern
   * along the line goes on from there, instead of beginning anew with every sample that leaves.
   */
  phase(pxPerMs: number, pxPerValue: number): number {
    const first = this.#length === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
    for (let i = 0; i + 1 < this.#pastLength && !((this.#pastTimes[i] as number) >= first); i += 1) {
      const along = (this.#pastTimes[i + 1] as number) - (this.#pastTimes[i] as number);
      const across = (this.#pastValues[i + 1] as number) - (this.#pastValues[i] as number);
      const length = Math.hypot(along * pxPerMs, across * pxPerValue);
      this.#phase = Number.isNaN(length) ? 0 : this.#phase + length;
    }
    return this.#phase;
  }

  #clear(): void {
    const times = this.#pastTimes;
    const values = this.#pastValues;
    this.#pastTimes = this.#times;
    this.#pastValues = this.#values;
    this.#times = times;
    this.#values = values;
    this.#pastLength = this.#length;
    this.#wasThinned = this.#isThinned;
    this.#isThinned = false;
    this.#length = 0;
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
    this.endTime = Number.NaN;
    this.endValue = Number.NaN;
  }

  #walk(part: Samples, values: Float64Array, first: number, last: number, columnMs: number): void {
    if (last < first) return;
    const { times } = part;
    const begin = Math.floor((times[first] as number) / columnMs) * columnMs;
    const columns = ((times[last] as number) - begin) / columnMs;
    // A whole column first: of one half gone, each frame would pick other extremes.
    const most = (columns + 1) * (this.#wasThinned ? STILL_DENSE : DENSE);
    if (last - first > most) {
      this.#isThinned = true;
      this.#thin(times, values, lastBefore(part, begin) + 1, last, columnMs);
    } else for (let i = first; i <= last; i += 1) this.#add(times[i] as number, values[i] as number);
  }

  /** Columns are cut in time, not on the screen: else each frame would pick other extremes, and the line shimmer. */
  #thin(times: Float64Array, values: Float64Array, first: number, last: number, columnMs: number): void {
    for (let i = first; i <= last; ) {
      const next = (Math.floor((times[i] as number) / columnMs) + 1) * columnMs;
      let low = -1;
      let high = -1;
      let isBroken = false;
      // Also where a rounded boundary is not after its own sample, one is taken.
      do {
        const value = values[i] as number;
        if (Number.isNaN(value)) isBroken = true;
        else {
          if (low < 0 || value < (values[low] as number)) low = i;
          if (high < 0 || value > (values[high] as number)) high = i;
        }
        i += 1;
      } while (i <= last && (times[i] as number) < next);
      if (isBroken) this.#lift();
      this.#addPair(times, values, Math.min(low, high), Math.max(low, high));
      if (isBroken) this.#lift();
    }
  }

  /** A column's extremes, in their order. */
  #addPair(times: Float64Array, values: Float64Array, earlier: number, later: number): void {
    if (earlier < 0) return;
    this.#add(times[earlier] as number, values[earlier] as number);
    if (later > earlier) this.#add(times[later] as number, values[later] as number);
  }

  /** The line's end, if it is here; else the way to the next sample is drawn from there. */
  #close({ parts }: Trace, i: number, last: number, until: number): void {
    const part = parts[i] as Part;
    const { samples } = part;
    const isInside = last < lastBefore(samples, beginningAfter(parts, i));
    const next = isInside ? part : partAfter(parts, i);
    const row = isInside ? last + 1 : (next?.samples.begin ?? 0);
    const nextTime = next?.samples.times[row] ?? Number.POSITIVE_INFINITY;
    if (nextTime <= until) return;
    this.#end(
      samples.times[last] as number,
      valueAt(part, last),
      nextTime,
      next ? valueAt(next, row) : Number.NaN,
      until,
    );
  }

  #end(time: number, value: number, nextTime: number, nextValue: number, until: number): void {
    if (Number.isNaN(value)) return;
    this.endTime = time;
    this.endValue = value;
    // It may have been thinned out.
    if (this.#times[this.#length - 1] !== time) this.#put(time, value);
    if (Number.isNaN(nextValue)) return;
    // The next one counts for the range already: what is about to come must not make it jump.
    this.#stretch(nextValue);
    this.endTime = until;
    this.endValue = value + ((nextValue - value) * (until - time)) / (nextTime - time);
    this.#put(this.endTime, this.endValue);
  }

  #add(time: number, value: number): void {
    if (Number.isNaN(value)) {
      this.#lift();
      return;
    }
    this.#stretch(value);
    this.#put(time, value);
  }

  #stretch(value: number): void {
    if (value < this.low) this.low = value;
    if (value > this.high) this.high = value;
  }

  #lift(): void {
    if (this.#length > 0 && !Number.isNaN(this.#values[this.#length - 1])) this.#put(Number.NaN, Number.NaN);
  }

  #put(time: number, value: number): void {
    if (this.#length === this.#times.length) {
      this.#times = longer(this.#times);
      this.#values = longer(this.#values);
    }
    this.#times[this.#length] = time;
    this.#values[this.#length] = value;
    this.#length += 1;
  }
}

/** Where the next part that has anything begins: this one counts up to there. */
export function beginningAfter(parts: readonly Part[], i: number): number {
  const next = partAfter(parts, i)?.samples;
  return next === undefined ? Number.POSITIVE_INFINITY : (next.times[next.begin] as number);
}

/** The last row before an instant that lies in another part. */
function lastBefore(samples: Samples, limit: number): number {
  const row = indexAt(samples, limit);
  return row >= samples.begin && samples.times[row] === limit ? row - 1 : row;
}

function partAfter(parts: readonly Part[], i: number): Part | undefined {
  for (let k = i + 1; k < parts.length; k += 1) {
    const part = parts[k];
    if (part !== undefined && part.samples.begin < part.samples.end) return part;
  }
  return undefined;
}

function valueAt({ samples, column }: Part, row: number): number {
  return samples.columns[column]?.[row] ?? Number.NaN;
}

function longer(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(2 * array.length);
  copy.set(array);
  return copy;
}
