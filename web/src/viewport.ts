/**
 * Which part of the timeline this viewer's screen shows: live, a fixed distance behind live, or paused. Pure: it reads
 * no clock and holds no records; the newest visible instant comes with every call.
 *
 * Pausing, panning and scrubbing affect this viewer only. The hub and every other screen go on.
 *
 * A time window is written in URLs and attributes as `30s` or `5m`.
 */

/** `following` stays at the newest instant, `playing` runs at a fixed distance behind it, `paused` stands still. */
export type ViewportState = "following" | "playing" | "paused";

export const WINDOW_MIN_MS = 100;
export const WINDOW_MAX_MS = 366 * 86_400_000;
/** About ten heartbeats: long enough to see a rhythm, short enough to see each beat. */
export const WINDOW_DEFAULT_MS = 10_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export class Viewport {
  /**
   * A view moved to within this share of its window of the newest instant snaps to live: users cannot aim more
   * precisely.
   */
  static readonly SNAP_SHARE = 0.02;

  /** The window that `reset` restores. */
  #defaultWindowMs: number;
  /** Time from the left to the right edge. */
  #windowMs: number;
  #state: ViewportState = "following";
  /** While paused or dragged: the instant at the right edge. */
  #end = 0;
  /** While playing: distance from the right edge to the newest instant. */
  #behindMs = 0;
  /** The view cannot be moved before this instant. */
  #oldest = Number.NEGATIVE_INFINITY;
  /** The view is being dragged: until release it stays where it was dragged to. */
  #isHeld = false;

  constructor(windowMs: number) {
    this.#defaultWindowMs = windowMs;
    this.#windowMs = windowMs;
  }

  get state(): ViewportState {
    return this.#isHeld && this.#state === "following" ? "playing" : this.#state;
  }

  get windowMs(): number {
    return this.#windowMs;
  }

  /** The instant at the right edge. */
  end(newest: number): number {
    if (this.#state === "paused" || this.#isHeld) return this.#end;
    return this.#state === "playing" ? newest - this.#behindMs : newest;
  }

  behindMs(newest: number): number {
    return newest - this.end(newest);
  }

  /** Sets the oldest visible instant; negative infinity while unknown. */
  setOldest(oldest: number): void {
    this.#oldest = oldest;
  }

  pause(newest: number): void {
    this.#end = this.end(newest);
    this.#state = "paused";
  }

  /** Starts a drag: the view then moves only with the pointer. */
  grab(newest: number): void {
    this.#end = this.end(newest);
    this.#isHeld = true;
  }

  /** Ends a drag; the view continues from where it was put. */
  release(newest: number): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.moveTo(this.#end, newest);
  }

  /** Resumes from where the view stands. */
  resume(newest: number): void {
    if (this.#state !== "paused") return;
    this.#behindMs = newest - this.#end;
    this.#state = this.#behindMs <= 0 ? "following" : "playing";
  }

  follow(): void {
    this.#isHeld = false;
    this.#state = "following";
  }

  /** Sets the time window, also as the one that `reset` restores. */
  setDefaultWindow(ms: number): void {
    this.#defaultWindowMs = within(ms);
    this.#windowMs = this.#defaultWindowMs;
  }

  /** Restores the default time window and follows live. */
  reset(): void {
    this.#windowMs = this.#defaultWindowMs;
    this.follow();
  }

  /**
   * Moves the right edge to `end`. A paused view stays paused; a view moved close to the newest instant follows live.
   */
  moveTo(end: number, newest: number): void {
    const least = Math.min(this.#oldest + this.#windowMs, newest);
    const wanted = Math.min(newest, Math.max(least, end));
    if (this.#state === "paused" || this.#isHeld) {
      this.#end = wanted;
    } else if (newest - wanted < this.#windowMs * Viewport.SNAP_SHARE) {
      this.follow();
    } else {
      this.#behindMs = newest - wanted;
      this.#state = "playing";
    }
  }

  moveBy(ms: number, newest: number): void {
    this.moveTo(this.end(newest) + ms, newest);
  }

  /**
   * Multiplies the time window by `factor`. The instant at `anchor` keeps its place; a view that follows live keeps
   * following.
   */
  zoom(factor: number, anchor: number, newest: number): void {
    const end = this.end(newest);
    const before = this.#windowMs;
    this.#windowMs = within(before * factor);
    if (this.state === "following") return;
    this.moveTo(anchor + ((end - anchor) * this.#windowMs) / before, newest);
  }

  /** Sets the time window; the right edge stays. */
  setWindow(ms: number): void {
    this.#windowMs = within(ms);
  }

  /** Shows exactly this range, paused. */
  showRange(from: number, to: number, newest: number): void {
    this.#windowMs = within(to - from);
    this.pause(newest);
    this.moveTo(to, newest);
  }
}

/** Parses a time window like `parseDuration`, clamped to what a view can show. */
export function parseWindow(text: string): number | undefined {
  const ms = parseDuration(text);
  return ms === undefined ? undefined : within(ms);
}

/** Parses `30s`, `500ms`, `1.5 min`; a bare number is in seconds. Undefined if malformed. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?$/.exec(text.trim()) ?? [];
  const factor = UNITS_MS[unit === "min" ? "m" : unit];
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor;
}

/** Formats a duration in the largest unit that divides it evenly. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  const units = Object.entries(UNITS_MS).reverse();
  const [unit, factor] = units.find(([, size]) => whole % size === 0) ?? ["ms", 1];
  return `${whole / factor}${unit}`;
}

function within(ms: number): number {
  return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, ms));
}
