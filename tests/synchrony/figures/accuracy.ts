/** How closely one page follows the hub: its clock's true error, late publications, and its frame rate. */

import { isWithin, type PageTrace, type TimeSpan } from "./page_trace";

/** Converts the tool's time to hub time, both in milliseconds. */
export type HubTime = (at: number) => number;

export interface ClockAccuracy {
  /** Absolute errors, one per frame. */
  readonly errors: number[];
  /** How many of them are within the page's own bound. */
  readonly withinBound: number;
}

/** `toleranceMs` is the accuracy of the reference clock. */
export function clockAccuracy(
  { frames }: PageTrace,
  span: TimeSpan,
  hubTime: HubTime,
  toleranceMs: number,
): ClockAccuracy {
  const errors: number[] = [];
  let withinBound = 0;
  for (const [i, at] of frames.at.entries()) {
    if (!isWithin(span, at)) continue;
    const error = Math.abs((frames.hubTime[i] as number) - hubTime(at));
    errors.push(error);
    // An unknown bound (NaN) is never met.
    if (error <= (frames.errorMs[i] as number) + toleranceMs) withinBound += 1;
  }
  return { errors, withinBound };
}

export interface Lateness {
  readonly publications: number;
  readonly late: number;
  /** The page's own count of late publications. */
  readonly countedByPage: number;
}

/** Late means that a page with a perfect clock would already have drawn beyond it. */
export function lateness({ arrivals, frames }: PageTrace, span: TimeSpan, hubTime: HubTime): Lateness {
  const delayMs = frames.delayMs.at(-1) ?? Number.NaN;
  let [publications, late] = [0, 0];
  for (const [i, at] of arrivals.at.entries()) {
    if (!isWithin(span, at)) continue;
    publications += 1;
    if ((arrivals.t[i] as number) + delayMs < hubTime(at)) late += 1;
  }
  const counts = frames.late.filter((_, i) => isWithin(span, frames.at[i] as number));
  return { publications, late, countedByPage: (counts.at(-1) ?? 0) - (counts[0] ?? 0) };
}

export function framesPerSecond({ frames }: PageTrace, span: TimeSpan): number {
  const drawn = frames.at.filter((at) => isWithin(span, at)).length;
  return (drawn * 1000) / (span.to - span.from);
}
