/**
 * How long to wait before the next attempt. Full jitter: when a hub dies, its viewers leave at the same
 * instant, and only chance can keep them from returning together. Knows no socket.
 */

/** The shortest wait: a hub that restarts needs about this long, asking sooner only fails. */
const MIN_WAIT_MS = 500;

/** The longest wait: what somebody in front of a wall display will bear. */
const MAX_WAIT_MS = 20_000;

/** Being up this long counts as being well; a hub that drops us sooner must not be hammered. */
export const WELL_AFTER_MS = 5_000;

export class Backoff {
  readonly #random: () => number;
  #attempts = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The wait before the next attempt; each call counts as one more failure. */
  next(): number {
    const spread = Math.min(MAX_WAIT_MS, MIN_WAIT_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.min(MAX_WAIT_MS, MIN_WAIT_MS + this.#random() * spread);
  }

  /** A wait within the range that a draining hub has asked for. */
  within([min, max]: readonly [number, number]): number {
    return min + this.#random() * Math.max(0, max - min);
  }

  /** Forgets the failures so far. */
  reset(): void {
    this.#attempts = 0;
  }
}
