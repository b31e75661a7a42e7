/**
 * Which range of the epoch the time navigator shows, and where the view lies in it. Pure: maps instants to pixels and
 * back. All instants are hub time in milliseconds.
 */

import type { TimeRange } from "../history_cache/time_range";

export interface NavigatorState {
  /** The oldest and the newest visible instant. */
  readonly oldest: number;
  readonly newest: number;
  /** The range that the chart shows. */
  readonly view: TimeRange;
}

/** The navigator's own zoom and position. */
export interface NavigatorZoom {
  /** Length of the range; undefined to derive it from the view. */
  readonly spanMs: number | undefined;
  /** The right edge; undefined to follow the newest instant. */
  readonly end: number | undefined;
}

export const AUTO_ZOOM: NavigatorZoom = { spanMs: undefined, end: undefined };

/** Automatic length of the range, in views: enough for context, and short enough for the handle to be grabbed. */
const AUTO_VIEWS = 20;
const AUTO_LEAST_MS = 600_000;
/** When the view leaves the range, the range moves with it and keeps this share beyond it. */
const LEAD_SHARE = 0.1;
/** An epoch that has just begun has no length yet. */
const SPAN_LEAST_MS = 1_000;

/** A narrower handle cannot be grabbed. */
export const HANDLE_LEAST_PX = 10;

export function spanOf({ spanMs }: NavigatorZoom, { oldest, newest, view }: NavigatorState): number {
  const windowMs = view.to - view.from;
  const auto = Math.max(AUTO_VIEWS * windowMs, AUTO_LEAST_MS);
  return Math.max(SPAN_LEAST_MS, Math.min(newest - oldest, Math.max(windowMs, spanMs ?? auto)));
}

/** Scrolls the navigator to the view if the view has left it. */
export function keepViewVisible(zoomState: NavigatorZoom, state: NavigatorState): NavigatorZoom {
  const { oldest, newest, view } = state;
  const span = spanOf(zoomState, state);
  let end = zoomState.end ?? newest;
  if (view.from < end - span) end = view.from + span * (1 - LEAD_SHARE);
  if (view.to > end) end = view.to + span * LEAD_SHARE;
  end = Math.max(end, oldest + span);
  return { ...zoomState, end: end >= newest ? undefined : end };
}

export function shownRange(zoomState: NavigatorZoom, state: NavigatorState): TimeRange {
  const to = zoomState.end ?? state.newest;
  return { from: to - spanOf(zoomState, state), to };
}

/** Multiplies the range by `factor`, keeping the instant at `anchor` in place. */
export function zoom(
  zoomState: NavigatorZoom,
  state: NavigatorState,
  factor: number,
  anchor: number,
): NavigatorZoom {
  const before = shownRange(zoomState, state);
  const span = spanOf(zoomState, state);
  const spanMs = spanOf({ ...zoomState, spanMs: span * factor }, state);
  return { spanMs, end: anchor + ((before.to - anchor) * spanMs) / span };
}

export function toX(instant: number, { from, to }: TimeRange, width: number): number {
  return ((instant - from) / (to - from)) * width;
}

export function toInstant(x: number, { from, to }: TimeRange, width: number): number {
  return from + (x / width) * (to - from);
}

/** The handle's position, wide enough to be grabbed, and clamped to the navigator. */
export function handleBounds(
  view: TimeRange,
  range: TimeRange,
  width: number,
): { left: number; right: number } {
  const [from, to] = [toX(view.from, range, width), toX(view.to, range, width)];
  const half = Math.max(to - from, HANDLE_LEAST_PX) / 2;
  const middle = Math.min(width - half, Math.max(half, (from + to) / 2));
  return { left: Math.max(0, middle - half), right: Math.min(width, middle + half) };
}

/** Where a key moves the view's right edge; undefined if the key is not handled. */
export function keyTarget(
  key: string,
  { oldest, newest, view }: NavigatorState,
): number | "live" | undefined {
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
