/**
 * The vertical range: wide enough for what is visible, and calm. It grows at once when something would
 * leave the picture, and shrinks only after it has been clearly too wide for a while; both glide.
 * Knows numbers only.
 */

/** Empty part above and below the line. */
const PADDING = 0.08;
/** Shrinking begins when the line uses less of the range than this. */
const TOO_WIDE = 0.6;
/** … and has done so for this long: a beat that leaves the window must not make the picture jump. */
const SHRINK_AFTER_MS = 4_000;
/** A change of range has mostly faded in after this time. */
const GLIDE_MS = 140;
/** About this many steps make up the range; its ends lie on such steps. */
const STEPS = 6;

export class CalmRange {
  #goal: readonly [number, number] | undefined;
  #shown: [number, number] = [0, 1];
  #wideSince: number | undefined;
  #at = 0;

  /** The range to show at `now` (milliseconds) for values between `low` and `high`; not finite: no values. */
  fit(low: number, high: number, now: number): readonly [number, number] {
    const hasValues = Number.isFinite(low) && Number.isFinite(high);
    if (hasValues) this.#aim(low, high, now);
    this.#glide(now);
    // The rest of the way may take its time, but what is there to be seen is seen now.
    if (hasValues) this.#shown = [Math.min(this.#shown[0], low), Math.max(this.#shown[1], high)];
    return this.#shown;
  }

  #aim(low: number, high: number, now: number): void {
    const wanted = niceRange(low, high);
    if (this.#goal === undefined) {
      this.#goal = wanted;
      this.#shown = [...wanted];
    } else if (low < this.#goal[0] || high > this.#goal[1]) {
      this.#goal = [Math.min(wanted[0], this.#goal[0]), Math.max(wanted[1], this.#goal[1])];
      this.#wideSince = undefined;
    } else if (wanted[1] - wanted[0] > TOO_WIDE * (this.#goal[1] - this.#goal[0])) {
      this.#wideSince = undefined;
    } else {
      this.#wideSince ??= now;
      if (now - this.#wideSince >= SHRINK_AFTER_MS) {
        this.#goal = wanted;
        this.#wideSince = undefined;
      }
    }
  }

  #glide(now: number): void {
    const goal = this.#goal;
    if (goal === undefined) return;
    const share = 1 - Math.exp(-Math.max(0, now - this.#at) / GLIDE_MS);
    this.#at = now;
    const span = goal[1] - goal[0];
    this.#shown = this.#shown.map((value, i) => {
      const error = (goal[i] as number) - value;
      return Math.abs(error) < span / 2000 ? (goal[i] as number) : value + error * share;
    }) as [number, number];
  }
}

/** The range, padded, with its ends on round numbers. */
export function niceRange(low: number, high: number): readonly [number, number] {
  const span = high - low || Math.abs(high) * 0.2 || 1;
  const step = niceStep(span / STEPS);
  return [Math.floor((low - span * PADDING) / step) * step, Math.ceil((high + span * PADDING) / step) * step];
}

/** The least of 1, 2, 5 times a power of ten that is not less than `least`. */
function niceStep(least: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(least));
  return magnitude * ([1, 2, 5].find((factor) => factor * magnitude >= least) ?? 10);
}
