/**
 * How long to wait before the next attempt. Full jitter: when a hub dies, its viewers leave at the same
 * instant, and only chance can keep them from returning together. Knows no socket.
 */

/** The shortest wait: a hub that is not there should not be asked in a loop. */
const MIN_WAIT_MS = 100;

/** The first waits differ by this much, so that 5,000 viewers whose hub died are not more than 10,000 attempts a second. */
const FIRST_SPREAD_MS = 500;

/** This many waits are short: a hub that restarts within two seconds has its viewers back half a second later. */
const SHORT_WAITS = 5;

/** The factor by which each later wait is longer than the one before. */
const GROWTH = 1.6;

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
    this.#attempts += 1;
    const spread = FIRST_SPREAD_MS * GROWTH ** Math.max(0, this.#attempts - SHORT_WAITS);
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
