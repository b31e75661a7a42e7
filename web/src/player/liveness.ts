/**
 * Whether a view that keeps to the newest is live, or behind because nothing newer has come. With hysteresis: a badge
 * that flickers at the limit says nothing. Pure.
 */

/** A view is behind when it lacks more than so many records … */
const BEHIND_PERIODS = 3;
/** … and more than this: below it nobody sees that a line stands still. */
const BEHIND_MS = 500;

export class Liveness {
  #isBehind = false;

  /** Whether the view is behind, of which the newest record is `lagMs` old at a record every `periodMs`. */
  isBehind(lagMs: number, periodMs: number): boolean {
    const limit = this.#isBehind ? Math.max(periodMs, 0) : Math.max(BEHIND_PERIODS * periodMs, BEHIND_MS);
    this.#isBehind = lagMs > limit;
    return this.#isBehind;
  }
}
