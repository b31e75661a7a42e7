/**
 * The range in which the offset between the hub's clock and the page's must be. Unlike the estimate it assumes nothing
 * about the path but that no message arrives before it was sent, and nothing about the clocks but that over five minutes
 * they drift apart evenly, and no faster than NTP may have them do.
 *
 * # How fast they drift
 * Delays that grow look like drift, but only in one direction. A message to the hub and one from the hub, some time apart,
 * limit the drift whatever the delays are: by their sum, divided by the time between the two.
 */

/** A clock that NTP is correcting runs up to 500 ppm fast or slow. */
const DRIFT_MAX = 500e-6;
const SLOT_MS = 5_000;
/** Temperature and NTP change the rate of a clock more slowly, as a rule. */
const WINDOW_MS = 300_000;
/** Browsers round page time to this. */
const GRAIN_MS = 0.1;

/** Limits of the rate at which the hub's clock gains on the page's, in milliseconds per millisecond. */
export interface DriftLimits {
  readonly least: number;
  readonly most: number;
}

/** Limits of the hub's clock minus the page's, in milliseconds. The least is greater if the drift cannot be as assumed. */
export interface OffsetLimits {
  readonly low: number;
  readonly high: number;
}

const ANY_CLOCK: DriftLimits = { least: -DRIFT_MAX, most: DRIFT_MAX };

/** The shortest delay of a time slot: hub time minus page time towards the hub, the reverse towards the page. */
interface ShortestDelay {
  value: number;
  at: number;
  readonly until: number;
}

export class OffsetRange {
  #forward: ShortestDelay[] = [];
  #backward: ShortestDelay[] = [];
  #drift = ANY_CLOCK;

  /** How fast the clocks can drift apart. */
  get drift(): DriftLimits {
    return this.#drift;
  }

  /** Adds a delay towards the hub, as measured by the two clocks. */
  offerForward(value: number, at: number): void {
    this.#offer(this.#forward, value, at);
  }

  /** Adds a delay towards the page. */
  offerBackward(value: number, at: number): void {
    this.#offer(this.#backward, value, at);
  }

  /** The limits of the offset at page time `at`, if the clocks drift within these limits; infinite without samples. */
  within(at: number, { least, most }: DriftLimits): OffsetLimits {
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const each of this.#forward) high = Math.min(high, each.value + most * (at - each.at));
    for (const each of this.#backward) low = Math.max(low, least * (at - each.at) - each.value);
    return { low, high };
  }

  forget(): void {
    this.#forward = [];
    this.#backward = [];
    this.#drift = ANY_CLOCK;
  }

  #offer(slots: ShortestDelay[], value: number, at: number): void {
    const slot = slots.at(-1);
    if (slot === undefined || at >= slot.until) {
      slots.push({ value, at, until: at + SLOT_MS });
      while (slots.length > 1 && (slots[0] as ShortestDelay).at < at - WINDOW_MS) slots.shift();
      this.#limitDrift();
    } else if (value < slot.value) {
      slot.value = value;
      slot.at = at;
    }
  }

  #limitDrift(): void {
    for (;;) {
      this.#drift = limitsOf(this.#forward, this.#backward);
      const oldest = [this.#forward, this.#backward].filter(({ length }) => length > 1);
      if (this.#drift.least <= this.#drift.most || oldest.length === 0) return;
      // No even drift explains all of them: the rate of a clock has changed, and the oldest no longer count.
      for (const slots of oldest) slots.shift();
    }
  }
}

function limitsOf(forward: readonly ShortestDelay[], backward: readonly ShortestDelay[]): DriftLimits {
  let { least, most } = ANY_CLOCK;
  for (const there of forward)
    for (const back of backward) {
      const elapsed = there.at - back.at;
      const limit = (there.value + back.value + GRAIN_MS) / elapsed;
      if (elapsed > 0) most = Math.min(most, limit);
      else if (elapsed < 0) least = Math.max(least, limit);
    }
  return { least, most };
}
