/**
 * The least delay seen in one direction, and how much it can still be trusted. One side of the clock's
 * estimate; knows nothing of the other side.
 */

import type { Drift } from "./drift.ts";

export class AgedMinimum {
  readonly #drift: Drift;
  readonly #sign: 1 | -1;
  #value = Number.POSITIVE_INFINITY;
  #at = 0;

  /** `sign`: whether what is measured grows or shrinks while the hub's clock gains. */
  constructor(drift: Drift, sign: 1 | -1) {
    this.#drift = drift;
    this.#sign = sign;
  }

  /**
   * Offers a sample. An old one is less certain by its age, so a new one wins against a slightly smaller old one.
   * Ageing is the same for all, hence the best one is enough to keep.
   */
  offer(value: number, at: number): void {
    if (value > this.value(at) + this.blur(at)) return;
    this.#value = value;
    this.#at = at;
  }

  /** What the best sample would be if it were taken now. Without samples: infinite. */
  value(at: number): number {
    return this.#value + this.#sign * this.#drift.rate * (at - this.#at);
  }

  /** By how much the clocks may have parted otherwise than they seem to. */
  blur(at: number): number {
    return Math.max(0, at - this.#at) * this.#drift.doubt;
  }

  forget(): void {
    this.#value = Number.POSITIVE_INFINITY;
  }
}
