/** How well one page keeps to the hub: its clock's true error, what came too late, and how often it drew. */

import { isWithin, type Seen, type Span } from "./seen";

/** The hub's time for an instant of the tool's clock, both in milliseconds. */
export type HubTime = (at: number) => number;

export interface ClockKeeping {
  /** Without sign, one a frame. */
  readonly errors: number[];
  /** How many of them are within the bound that the page itself gave. */
  readonly withinBound: number;
}

/** `toleranceMs`: how well the truth itself is known. */
export function clockKeeping(
  { frames }: Seen,
  span: Span,
  hubTime: HubTime,
  toleranceMs: number,
): ClockKeeping {
  const errors: number[] = [];
  let withinBound = 0;
  for (const [i, at] of frames.at.entries()) {
    if (!isWithin(span, at)) continue;
    const error = Math.abs((frames.hubTime[i] as number) - hubTime(at));
    errors.push(error);
    // A bound that is not known is no bound: NaN is never kept.
    if (error <= (frames.errorMs[i] as number) + toleranceMs) withinBound += 1;
  }
  return { errors, withinBound };
}

export interface Lateness {
  readonly publications: number;
  readonly late: number;
  /** Those that the page itself counted as late. */
  readonly told: number;
}

/** Late is what arrives when a page with a perfect clock would already have drawn beyond it. */
export function lateness({ arrivals, frames }: Seen, span: Span, hubTime: HubTime): Lateness {
  const delayMs = frames.delayMs.at(-1) ?? Number.NaN;
  let [publications, late] = [0, 0];
  for (const [i, at] of arrivals.at.entries()) {
    if (!isWithin(span, at)) continue;
    publications += 1;
    if ((arrivals.t[i] as number) + delayMs < hubTime(at)) late += 1;
  }
  const counts = frames.late.filter((_, i) => isWithin(span, frames.at[i] as number));
  return { publications, late, told: (counts.at(-1) ?? 0) - (counts[0] ?? 0) };
}

export function framesPerSecond({ frames }: Seen, span: Span): number {
  const drawn = frames.at.filter((at) => isWithin(span, at)).length;
  return (drawn * 1000) / (span.to - span.from);
}
