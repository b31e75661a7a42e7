/**
 * Which part of the timeline the view shows: the newest, a fixed distance behind it, or one that stands still. Pure: it
 * reads no clock and knows no records; the newest instant there is to be seen comes with every call.
 *
 * Pausing, panning and scrubbing are this viewer's own. The hub, and every other screen, goes on.
 */

/** `following` keeps to the newest instant, `playing` goes on behind it, `paused` stands still. */
export type PlayState = "following" | "playing" | "paused";

export const WINDOW_MIN_MS = 100;
export const WINDOW_MAX_MS = 366 * 86_400_000;

export class Playback {
  /** This close to the newest, a view that was moved keeps to it: nobody aims better. */
  static readonly SNAP_SHARE = 0.02;

  #homeMs: number;
  #windowMs: number;
  #state: PlayState = "following";
  /** While paused: the instant at the right edge. */
  #end = 0;
  /** While playing: how far the right edge is behind the newest. */
  #behindMs = 0;
  /** The view cannot be moved to before this. */
  #oldest = Number.NEGATIVE_INFINITY;
  /** Somebody drags the view: until it is let go, it stands where the hand puts it. */
  #isHeld = false;

  constructor(windowMs: number) {
    this.#homeMs = windowMs;
    this.#windowMs = windowMs;
  }

  get state(): PlayState {
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

  /** The first instant there is to be seen; infinitely long ago while nobody knows it. */
  beginAt(oldest: number): void {
    this.#oldest = oldest;
  }

  pause(newest: number): void {
    this.#end = this.end(newest);
    this.#state = "paused";
  }

  /** Takes hold of the view, so that it moves by no more than the hand does. */
  grab(newest: number): void {
    this.#end = this.end(newest);
    this.#isHeld = true;
  }

  /** Lets it go on from where it was put. */
  release(newest: number): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.moveTo(this.#end, newest);
  }

  /** Goes on from where the view stands. */
  resume(newest: number): void {
    if (this.#state !== "paused") return;
    this.#behindMs = newest - this.#end;
    this.#state = this.#behindMs <= 0 ? "following" : "playing";
  }

  follow(): void {
    this.#isHeld = false;
    this.#state = "following";
  }

  /** Another amount of time, also for `reset`. */
  settle(ms: number): void {
    this.#homeMs = within(ms);
    this.#windowMs = this.#homeMs;
  }

  /** As it was at the beginning, or settled since. */
  reset(): void {
    this.#windowMs = this.#homeMs;
    this.follow();
  }

  /** Puts `end` at the right edge. A view that stood still goes on standing; near the newest, it follows. */
  moveTo(end: number, newest: number): void {
    const least = Math.min(this.#oldest + this.#windowMs, newest);
    const wanted = Math.min(newest, Math.max(least, end));
    if (this.#state === "paused" || this.#isHeld) {
      this.#end = wanted;
    } else if (newest - wanted < this.#windowMs * Playback.SNAP_SHARE) {
      this.follow();
    } else {
      this.#behindMs = newest - wanted;
      this.#state = "playing";
    }
  }

  moveBy(ms: number, newest: number): void {
    this.moveTo(this.end(newest) + ms, newest);
  }

  /** Shows `factor` times as much time. What stands at `anchor` stays there; who follows goes on following. */
  zoom(factor: number, anchor: number, newest: number): void {
    const end = this.end(newest);
    const before = this.#windowMs;
    this.#windowMs = within(before * factor);
    if (this.state === "following") return;
    this.moveTo(anchor + ((end - anchor) * this.#windowMs) / before, newest);
  }

  /** Another amount of time; the right edge stays. */
  showWindow(ms: number): void {
    this.#windowMs = within(ms);
  }

  /** Just this range, standing still. */
  show(from: number, to: number, newest: number): void {
    this.#windowMs = within(to - from);
    this.pause(newest);
    this.moveTo(to, newest);
  }
}

function within(ms: number): number {
  return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, ms));
}
