/**
 * The minimum delay seen in one direction, and how far it can still be trusted. One side of the clock's estimate; knows
 * nothing of the other.
 */

import type { Drift } from "./drift.ts";

export class AgingMinimum {
  readonly #drift: Drift;
  readonly #sign: 1 | -1;
  #value = Number.POSITIVE_INFINITY;
  #at = 0;

  /** `sign` says whether the measured delay grows (1) or shrinks (−1) while the hub's clock gains. */
  constructor(drift: Drift, sign: 1 | -1) {
    this.#drift = drift;
    this.#sign = sign;
  }

  /**
   * Offers a sample. Uncertainty grows with age, so a new sample replaces a slightly smaller old one. All samples age
   * at the same rate, so keeping the best one is enough.
   */
  offer(value: number, at: number): void {
    if (value > this.value(at) + this.blur(at)) return;
    this.#value = value;
    this.#at = at;
  }

  /** The best sample, corrected for drift since it was taken; infinite without samples. */
  value(at: number): number {
    return this.#value + this.#sign * this.#drift.rate * (at - this.#at);
  }

  /** How far the clocks may have drifted apart beyond the estimate since then. */
  blur(at: number): number {
    return Math.max(0, at - this.#at) * this.#drift.doubt;
  }

  forget(): void {
    this.#value = Number.POSITIVE_INFINITY;
  }
}
