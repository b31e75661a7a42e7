/**
 * The least delay seen in one direction, and how much it can still be trusted. One side of the clock's
 * estimate; knows nothing of the other side.
 */

/** Two quartz clocks part by no more than about this: 50 millionths. */
const DRIFT_MAX = 50e-6;

export class AgedMinimum {
  #value = Number.POSITIVE_INFINITY;
  #at = 0;

  /**
   * Offers a sample. One that is older by a second may be off by 50 µs more, so a new sample wins
   * against a slightly smaller old one. Ageing is the same for all, hence the best one is enough to keep.
   */
  offer(value: number, at: number): void {
    if (value > this.aged(at)) return;
    this.#value = value;
    this.#at = at;
  }

  /** The sample itself. Age does not enter: it makes a sample less certain, not larger. */
  get value(): number {
    return this.#value;
  }

  /** The sample with its uncertainty added: for choosing and for bounds. */
  aged(at: number): number {
    return this.#value + Math.max(0, at - this.#at) * DRIFT_MAX;
  }

  get isKnown(): boolean {
    return Number.isFinite(this.#value);
  }

  forget(): void {
    this.#value = Number.POSITIVE_INFINITY;
  }
}
