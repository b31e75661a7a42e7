/** Finds samples by time along one trace, over all its parts, limited to those in view. Knows instants, not pixels. */

import { type Trace, type TracePart, valuesOf } from "../scene";
import { nextPartStart } from "../scene/trace_point";
import { indexAt } from "../topic_buffer/sample_ring";

/** A search result; one object is reused for all searches. */
export interface FoundSample {
  /** NaN if nothing was found. */
  time: number;
  /** Time since the sample before it; infinite if it is the first. */
  periodMs: number;
}

/** Finds the sample with a value closest to an instant, between `from` and `to`. */
export function nearest(trace: Trace, instant: number, from: number, to: number, spot: FoundSample): void {
  spot.time = Number.NaN;
  const until = Math.min(to, trace.playhead);
  for (let i = 0; i < trace.parts.length; i += 1) {
    const part = trace.parts[i] as TracePart;
    const row = indexAt(part.samples, instant);
    offer(part, find(trace, i, row, -1, from, until), instant, spot);
    offer(part, find(trace, i, row + 1, 1, from, until), instant, spot);
  }
}

/** The instant of the next sample in a direction, within the view; NaN if there is no such sample. */
export function neighbour(
  trace: Trace,
  instant: number,
  direction: 1 | -1,
  from: number,
  to: number,
): number {
  const until = Math.min(to, trace.playhead);
  let best = Number.NaN;
  for (let i = 0; i < trace.parts.length; i += 1) {
    const { samples } = trace.parts[i] as TracePart;
    const at = indexAt(samples, instant);
    const isThere = at >= samples.begin && samples.times[at] === instant;
    const row = find(trace, i, direction > 0 ? at + 1 : isThere ? at - 1 : at, direction, from, until);
    const time = samples.times[row];
    if (time !== undefined && !(Math.abs(time - instant) >= Math.abs(best - instant))) best = time;
  }
  return best;
}

/** The first visible row with a value, from `row` on; otherwise −1. */
function find(
  { parts }: Trace,
  i: number,
  row: number,
  direction: 1 | -1,
  from: number,
  until: number,
): number {
  const { samples } = parts[i] as TracePart;
  const values = valuesOf(parts[i] as TracePart);
  const limit = nextPartStart(parts, i);
  for (let k = row; values !== undefined && k >= samples.begin && k < samples.end; k += direction) {
    const time = samples.times[k] as number;
    const isPast = direction < 0 ? time < from : time > until || time >= limit;
    if (isPast) return -1;
    if (time >= from && time <= until && time < limit && !Number.isNaN(values[k])) return k;
  }
  return -1;
}

function offer({ samples }: TracePart, row: number, at: number, spot: FoundSample): void {
  const { times, begin } = samples;
  const time = times[row];
  if (row < 0 || time === undefined || Math.abs(time - at) >= Math.abs(spot.time - at)) return;
  spot.time = time;
  spot.periodMs = row > begin ? time - (times[row - 1] as number) : Number.POSITIVE_INFINITY;
}
