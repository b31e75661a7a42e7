/**
 * Which stretch of the epoch the strip shows, and where the view lies on it. Pure: instants in, pixels out, and back.
 * All instants are hub time in milliseconds.
 */

import type { Range } from "../past/range";

export interface Place {
  /** The first and the newest instant there is to be seen. */
  readonly oldest: number;
  readonly newest: number;
  /** What the chart shows. */
  readonly view: Range;
}

/** What the strip shows in its own right. */
export interface Choice {
  /** Undefined: as long as suits the view. */
  readonly spanMs: number | undefined;
  /** The right edge; undefined: the newest. */
  readonly end: number | undefined;
}

export const AUTOMATIC: Choice = { spanMs: undefined, end: undefined };

/** So much of the past, in views, puts the view into its surroundings and leaves it wide enough to be grabbed. */
const AUTO_VIEWS = 20;
const AUTO_LEAST_MS = 600_000;
/** A view that leaves the strip takes it along, and has so much of it beyond itself, as a share. */
const LEAD_SHARE = 0.1;
/** An epoch that has just begun has no length yet. */
const SPAN_LEAST_MS = 1_000;

/** A handle narrower than this cannot be grabbed. */
export const HANDLE_LEAST_PX = 10;

export function spanOf({ spanMs }: Choice, { oldest, newest, view }: Place): number {
  const windowMs = view.to - view.from;
  const auto = Math.max(AUTO_VIEWS * windowMs, AUTO_LEAST_MS);
  return Math.max(SPAN_LEAST_MS, Math.min(newest - oldest, Math.max(windowMs, spanMs ?? auto)));
}

/** Moves the strip to where the view is, if that is no longer on it. */
export function follow(choice: Choice, place: Place): Choice {
  const { oldest, newest, view } = place;
  const span = spanOf(choice, place);
  let end = choice.end ?? newest;
  if (view.from < end - span) end = view.from + span * (1 - LEAD_SHARE);
  if (view.to > end) end = view.to + span * LEAD_SHARE;
  end = Math.max(end, oldest + span);
  return { ...choice, end: end >= newest ? undefined : end };
}

export function rangeOf(choice: Choice, place: Place): Range {
  const to = choice.end ?? place.newest;
  return { from: to - spanOf(choice, place), to };
}

/** Shows `factor` times as much; what is under `anchor` stays there. */
export function zoom(choice: Choice, place: Place, factor: number, anchor: number): Choice {
  const before = rangeOf(choice, place);
  const span = spanOf(choice, place);
  const spanMs = spanOf({ ...choice, spanMs: span * factor }, place);
  return { spanMs, end: anchor + ((before.to - anchor) * spanMs) / span };
}

export function toX(instant: number, { from, to }: Range, width: number): number {
  return ((instant - from) / (to - from)) * width;
}

export function toInstant(x: number, { from, to }: Range, width: number): number {
  return from + (x / width) * (to - from);
}

/** Where the view lies, wide enough to be grabbed, and within the strip. */
export function handle(view: Range, range: Range, width: number): { left: number; right: number } {
  const [from, to] = [toX(view.from, range, width), toX(view.to, range, width)];
  const half = Math.max(to - from, HANDLE_LEAST_PX) / 2;
  const middle = Math.min(width - half, Math.max(half, (from + to) / 2));
  return { left: Math.max(0, middle - half), right: Math.min(width, middle + half) };
}

/** Where a key moves the view's right edge; undefined: it is no key of the strip. */
export function keyTarget(key: string, { oldest, newest, view }: Place): number | "live" | undefined {
  const windowMs = view.to - view.from;
  const move = (windows: number) => Math.min(newest, Math.max(oldest, view.to + windows * windowMs));
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return move(-0.1);
    case "ArrowRight":
    case "ArrowUp":
      return move(0.1);
    case "PageDown":
      return move(-1);
    case "PageUp":
      return move(1);
    case "Home":
      return Math.min(newest, oldest + windowMs);
    case "End":
      return "live";
    default:
      return undefined;
  }
}
