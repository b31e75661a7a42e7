/** Finds samples by time along one line, among those in view, over all its parts. Knows instants, no screen. */

import type { Part, Trace } from "../scene";
import { indexAt } from "../timeline/ring";
import { beginningAfter } from "./outline";

/** A sample that was found; one object serves for good. */
export interface Spot {
  /** NaN: none. */
  time: number;
  value: number;
  /** Since the sample before it; infinite without one. */
  periodMs: number;
}

/** The sample closest to an instant, of those from `from` to `to` that have a value. */
export function nearest(trace: Trace, instant: number, from: number, to: number, spot: Spot): void {
  spot.time = Number.NaN;
  const until = Math.min(to, trace.playhead);
  for (let i = 0; i < trace.parts.length; i += 1) {
    const part = trace.parts[i] as Part;
    const row = indexAt(part.samples, instant);
    offer(part, find(trace, i, row, -1, from, until), instant, spot);
    offer(part, find(trace, i, row + 1, 1, from, until), instant, spot);
  }
}

/** The instant of the next sample in a direction, of those in view; NaN: none. */
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
    const { samples } = trace.parts[i] as Part;
    const at = indexAt(samples, instant);
    const isThere = at >= samples.begin && samples.times[at] === instant;
    const row = find(trace, i, direction > 0 ? at + 1 : isThere ? at - 1 : at, direction, from, until);
    const time = samples.times[row];
    if (time !== undefined && !(Math.abs(time - instant) >= Math.abs(best - instant))) best = time;
  }
  return best;
}

/** From a row on, the first one with a value; −1: none in view. */
function find(
  { parts }: Trace,
  i: number,
  row: number,
  direction: 1 | -1,
  from: number,
  until: number,
): number {
  const { samples, column } = parts[i] as Part;
  const values = samples.columns[column];
  const limit = beginningAfter(parts, i);
  for (let k = row; values !== undefined && k >= samples.begin && k < samples.end; k += direction) {
    const time = samples.times[k] as number;
    const isPast = direction < 0 ? time < from : time > until || time >= limit;
    if (isPast) return -1;
    if (time >= from && time <= until && time < limit && !Number.isNaN(values[k])) return k;
  }
  return -1;
}

function offer({ samples, column }: Part, row: number, at: number, spot: Spot): void {
  const { times, columns, begin } = samples;
  const time = times[row];
  if (row < 0 || time === undefined || Math.abs(time - at) >= Math.abs(spot.time - at)) return;
  spot.time = time;
  spot.value = columns[column]?.[row] ?? Number.NaN;
  spot.periodMs = row > begin ? time - (times[row - 1] as number) : Number.POSITIVE_INFINITY;
}
