/**
 * Decides whether a view that follows live is behind because nothing newer has arrived. Has hysteresis, because a
 * flickering badge is useless. Pure.
 */

/** A view is behind when it lacks more than this many records … */
const BEHIND_PERIODS = 3;
/** … and more than this much time: below it a stalled line is not noticeable. */
const BEHIND_MS = 500;

export class Liveness {
  #isBehind = false;

  /** Whether a view is behind whose newest record is `lagMs` old, with a record every `periodMs`. */
  isBehind(lagMs: number, periodMs: number): boolean {
    const limit = this.#isBehind ? Math.max(periodMs, 0) : Math.max(BEHIND_PERIODS * periodMs, BEHIND_MS);
    this.#isBehind = lagMs > limit;
    return this.#isBehind;
  }
}
