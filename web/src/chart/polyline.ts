/**
 * Reduces the samples of a trace to the points that a screen can show, in one walk over the visible samples that also
 * finds their extremes. The line ends at the playhead, on the segment that leads to the next sample; if that sample is
 * unknown, it ends at the last one: nothing is extrapolated. Knows no canvas.
 *
 * # The end point
 * The end point is the newest sample, not the end of the line: between two records there is no value that could be read
 * beside it.
 *
 * One polyline serves one line and reuses its arrays: a frame must not allocate.
 */

import type { Trace, TracePart } from "../scene";
import { newestPoint, nextPartStart, noPoint, partAfter } from "../scene/trace_point";
import { indexAt, type Samples } from "../topic_buffer/sample_ring";

/** From this many samples per column on, only the extremes are kept; the difference is not visible. */
const DENSE = 2;
/** A decimated line stays decimated down to this density, so that its appearance does not flicker. */
const STILL_DENSE = 1.6;

export class Polyline {
  #times = new Float64Array(1_024);
  #values = new Float64Array(1_024);
  #length = 0;
  /** The points of the previous frame. */
  #previousTimes = new Float64Array(1_024);
  #previousValues = new Float64Array(1_024);
  #previousLength = 0;
  #phase = 0;
  #isDecimated = false;
  #wasDecimated = false;
  readonly #newest = noPoint();
  /** Extremes of the visible values and one sample beyond each end; infinite if nothing of the line is visible. */
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;
  /** The instants of the extremes. */
  lowTime = Number.NaN;
  highTime = Number.NaN;
  /** The newest sample in view; NaN if missing. */
  endTime = Number.NaN;
  endValue = Number.NaN;

  get length(): number {
    return this.#length;
  }

  /** Whether there were more samples than the screen can show. */
  get isDecimated(): boolean {
    return this.#isDecimated;
  }

  time(i: number): number {
    return this.#times[i] as number;
  }

  /** NaN marks a break. */
  value(i: number): number {
    return this.#values[i] as number;
  }

  /** Computes the points from `from` to the playhead, but not beyond `to`, for columns of `columnMs`. */
  trace(trace: Trace, from: number, to: number, columnMs: number): void {
    const until = Math.min(trace.playhead, to);
    this.#clear();
    for (let i = 0; i < trace.parts.length; i += 1) {
      const { samples: part, column } = trace.parts[i] as TracePart;
      const values = part.columns[column];
      const limit = nextPartStart(trace.parts, i);
      // The next part covers this range up to the left edge.
      if (values === undefined || part.begin === part.end || limit <= from) continue;
      const first = Math.max(part.begin, indexAt(part, from));
      const last = Math.min(indexAt(part, until), lastBefore(part, limit));
      this.#walk(part, values, first, last, columnMs);
      if (last >= part.begin) this.#close(trace, i, last, until);
    }
    if (this.#endsBefore(from)) this.#reset();
    if (!newestPoint(trace, until, from, this.#newest)) return;
    this.endTime = this.#newest.time;
    this.endValue = this.#newest.value;
  }

  /**
   * The distance in pixels from the start of the unbroken line to its first visible point, summed over the points that
   * have scrolled out. A dash pattern continues from there instead of restarting whenever a sample leaves the view.
   */
  phase(pxPerMs: number, pxPerValue: number): number {
    const first = this.#length === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
    for (let i = 0; i + 1 < this.#previousLength && !((this.#previousTimes[i] as number) >= first); i += 1) {
      const along = (this.#previousTimes[i + 1] as number) - (this.#previousTimes[i] as number);
      const across = (this.#previousValues[i + 1] as number) - (this.#previousValues[i] as number);
      const length = Math.hypot(along * pxPerMs, across * pxPerValue);
      this.#phase = Number.isNaN(length) ? 0 : this.#phase + length;
    }
    return this.#phase;
  }

  #clear(): void {
    const times = this.#previousTimes;
    const values = this.#previousValues;
    this.#previousTimes = this.#times;
    this.#previousValues = this.#values;
    this.#times = times;
    this.#values = values;
    this.#previousLength = this.#length;
    this.#wasDecimated = this.#isDecimated;
    this.#isDecimated = false;
    this.#reset();
  }

  #reset(): void {
    this.#length = 0;
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
    this.endTime = Number.NaN;
    this.endValue = Number.NaN;
  }

  /** Whether the last point has scrolled out: its value then says nothing about the view. */
  #endsBefore(from: number): boolean {
    let last = this.#length - 1;
    while (last >= 0 && Number.isNaN(this.#values[last])) last -= 1;
    return last >= 0 && (this.#times[last] as number) < from;
  }

  #walk(part: Samples, values: Float64Array, first: number, last: number, columnMs: number): void {
    if (last < first) return;
    const { times } = part;
    const begin = Math.floor((times[first] as number) / columnMs) * columnMs;
    const columns = ((times[last] as number) - begin) / columnMs;
    // Start with a whole column: a partial one would yield different extremes in every frame.
    const most = (columns + 1) * (this.#wasDecimated ? STILL_DENSE : DENSE);
    if (last - first > most) {
      this.#isDecimated = true;
      this.#decimate(times, values, lastBefore(part, begin) + 1, last, columnMs);
    } else for (let i = first; i <= last; i += 1) this.#add(times[i] as number, values[i] as number);
  }

  /**
   * Columns are aligned to time, not to the screen: otherwise every frame would pick other extremes and the line would
   * shimmer.
   */
  #decimate(times: Float64Array, values: Float64Array, first: number, last: number, columnMs: number): void {
    for (let i = first; i <= last; ) {
      const next = (Math.floor((times[i] as number) / columnMs) + 1) * columnMs;
      let low = -1;
      let high = -1;
      let isBroken = false;
      // Take at least one sample, even if a rounded boundary is not after it.
      do {
        const value = values[i] as number;
        if (Number.isNaN(value)) isBroken = true;
        else {
          if (low < 0 || value < (values[low] as number)) low = i;
          if (high < 0 || value > (values[high] as number)) high = i;
        }
        i += 1;
      } while (i <= last && (times[i] as number) < next);
      if (isBroken) this.#break();
      this.#addPair(times, values, Math.min(low, high), Math.max(low, high));
      if (isBroken) this.#break();
    }
  }

  /** Adds a column's extremes in order of time. */
  #addPair(times: Float64Array, values: Float64Array, earlier: number, later: number): void {
    if (earlier < 0) return;
    this.#add(times[earlier] as number, values[earlier] as number);
    if (later > earlier) this.#add(times[later] as number, values[later] as number);
  }

  /** Draws the line up to `until` if it ends in this part; otherwise it continues to the next sample. */
  #close({ parts }: Trace, i: number, last: number, until: number): void {
    const part = parts[i] as TracePart;
    const { samples } = part;
    const isInside = last < lastBefore(samples, nextPartStart(parts, i));
    const next = isInside ? part : partAfter(parts, i);
    const row = isInside ? last + 1 : (next?.samples.begin ?? 0);
    const nextTime = next?.samples.times[row] ?? Number.POSITIVE_INFINITY;
    if (nextTime <= until) return;
    this.#extend(
      samples.times[last] as number,
      valueAt(part, last),
      nextTime,
      next ? valueAt(next, row) : Number.NaN,
      until,
    );
  }

  #extend(time: number, value: number, nextTime: number, nextValue: number, until: number): void {
    if (Number.isNaN(value)) return;
    // The last sample may have been dropped by decimation.
    if (this.#times[this.#length - 1] !== time) this.#put(time, value);
    if (Number.isNaN(nextValue)) return;
    // Include the next sample in the range now, so that its arrival does not make the range jump.
    this.#extendRange(nextTime, nextValue);
    const share = (until - time) / (nextTime - time);
    // Not by their difference, which may be too large for a number.
    this.#put(until, value * (1 - share) + nextValue * share);
  }

  #add(time: number, value: number): void {
    if (Number.isNaN(value)) {
      this.#break();
      return;
    }
    this.#extendRange(time, value);
    this.#put(time, value);
  }

  #extendRange(time: number, value: number): void {
    if (value < this.low) {
      this.low = value;
      this.lowTime = time;
    }
    if (value > this.high) {
      this.high = value;
      this.highTime = time;
    }
  }

  #break(): void {
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

/** The last row strictly before an instant. */
function lastBefore(samples: Samples, limit: number): number {
  const row = indexAt(samples, limit);
  return row >= samples.begin && samples.times[row] === limit ? row - 1 : row;
}

function valueAt({ samples, column }: TracePart, row: number): number {
  return samples.columns[column]?.[row] ?? Number.NaN;
}

function longer(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(2 * array.length);
  copy.set(array);
  return copy;
}
