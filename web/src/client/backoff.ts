/**
 * Reconnect delays with full jitter: when a hub dies, all its viewers are disconnected at the same instant, and only
 * randomness keeps them from returning together. Knows no socket.
 */

/** The shortest delay: an unreachable hub must not be retried in a tight loop. */
const MIN_WAIT_MS = 100;

/** Spread of the first delays: 5,000 viewers of a dead hub make at most 10,000 attempts per second. */
const FIRST_SPREAD_MS = 500;

/** Number of short delays: after a restart of up to two seconds, viewers are back within half a second. */
const SHORT_WAITS = 5;

/** Growth factor of the delays after that. */
const GROWTH = 1.6;

/** The longest delay that is acceptable on a wall display. */
const MAX_WAIT_MS = 20_000;

/** A connection that has been up this long is stable; a hub that drops us sooner must not be hammered. */
export const STABLE_AFTER_MS = 5_000;

export class Backoff {
  readonly #random: () => number;
  #attempts = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Returns the delay before the next attempt; each call counts as one more failure. */
  next(): number {
    this.#attempts += 1;
    const spread = FIRST_SPREAD_MS * GROWTH ** Math.max(0, this.#attempts - SHORT_WAITS);
    return Math.min(MAX_WAIT_MS, MIN_WAIT_MS + this.#random() * spread);
  }

  /** Returns a random delay within the range requested by a draining hub. */
  within([min, max]: readonly [number, number]): number {
    return min + this.#random() * Math.max(0, max - min);
  }

  /** Resets the failure count. */
  reset(): void {
    this.#attempts = 0;
  }
}
