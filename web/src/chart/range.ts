/**
 * The vertical range: wide enough for what is visible, and calm. It grows at once when something would
 * leave the picture, and shrinks only after it has been clearly too wide for a while; both glide.
 * Knows numbers only, and keeps them: a frame must not allocate.
 */

/** Empty part above and below the line. */
const PADDING = 0.08;
/** Shrinking begins when the line uses less of the range than this. */
const TOO_WIDE = 0.6;
/** … and has done so for this long: a beat that leaves the window must not make the picture jump. */
const SHRINK_AFTER_MS = 4_000;
/** A change of range has mostly faded in after this time. */
const GLIDE_MS = 140;
/** Closer to its goal than this, as a share of the range, it has arrived. */
const ARRIVED = 1 / 2_000;
/** About this many steps make up the range; its ends lie on such steps. */
const STEPS = 6;
/** Values that differ by no more than this share of their size differ by rounding: the line is flat. */
const FINEST = 2 ** -40;

export class CalmRange {
  /** What is shown. */
  low = 0;
  high = 1;
  /** What it glides to; the same while it stands. */
  goalLow = Number.NaN;
  goalHigh = Number.NaN;
  #wideSince = Number.NaN;
  #at = 0;

  /** Goes on to `now` (milliseconds) for values between `low` and `high`; not finite: no values. */
  fit(low: number, high: number, now: number): void {
    const hasValues = Number.isFinite(low) && Number.isFinite(high);
    if (hasValues) this.#aim(low, high, now);
    else this.#wideSince = Number.NaN;
    this.#glide(now);
    if (!hasValues) return;
    // The rest of the way may take its time, but what is there to be seen is seen now.
    this.low = Math.min(this.low, low);
    this.high = Math.max(this.high, high);
  }

  /** Whether it will be another range with time alone, whatever the values do. */
  get isGliding(): boolean {
    if (Number.isNaN(this.goalLow)) return false;
    return this.low !== this.goalLow || this.high !== this.goalHigh || !Number.isNaN(this.#wideSince);
  }

  #aim(low: number, high: number, now: number): void {
    const step = rangeStep(low, high);
    const wantedLow = niceLow(low, high, step);
    const wantedHigh = niceHigh(low, high, step);
    if (Number.isNaN(this.goalLow)) {
      this.low = wantedLow;
      this.high = wantedHigh;
      this.#goTo(wantedLow, wantedHigh);
    } else if (low < this.goalLow || high > this.goalHigh) {
      this.#goTo(Math.min(wantedLow, this.goalLow), Math.max(wantedHigh, this.goalHigh));
    } else if (wantedHigh - wantedLow > TOO_WIDE * (this.goalHigh - this.goalLow)) {
      this.#wideSince = Number.NaN;
    } else if (Number.isNaN(this.#wideSince)) {
      this.#wideSince = now;
    } else if (now - this.#wideSince >= SHRINK_AFTER_MS) {
      this.#goTo(wantedLow, wantedHigh);
    }
  }

  #goTo(low: number, high: number): void {
    this.goalLow = low;
    this.goalHigh = high;
    this.#wideSince = Number.NaN;
  }

  #glide(now: number): void {
    if (Number.isNaN(this.goalLow)) return;
    const share = 1 - Math.exp(-Math.max(0, now - this.#at) / GLIDE_MS);
    const near = (this.goalHigh - this.goalLow) * ARRIVED;
    this.#at = now;
    this.low = nearer(this.low, this.goalLow, share, near);
    this.high = nearer(this.high, this.goalHigh, share, near);
  }
}

/** The range, padded, with its ends on round numbers. */
export function niceRange(low: number, high: number): readonly [number, number] {
  const step = rangeStep(low, high);
  return [niceLow(low, high, step), niceHigh(low, high, step)];
}

/** The least of 1, 2, 5 times a power of ten that is not less than `least`. */
export function niceStep(least: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const factor = least / magnitude;
  // A hair above a step is that step: the powers of ten are not exact below one.
  const atMost = (step: number) => factor <= step * (1 + 1e-9);
  return magnitude * (atMost(1) ? 1 : atMost(2) ? 2 : atMost(5) ? 5 : 10);
}

function spanOf(low: number, high: number): number {
  const size = Math.max(Math.abs(low), Math.abs(high));
  return high - low > size * FINEST ? high - low : size * 0.2 || 1;
}

function rangeStep(low: number, high: number): number {
  return niceStep(spanOf(low, high) / STEPS);
}

/* Padding alone never crosses zero: what is never negative gets no negative axis. */

function niceLow(low: number, high: number, step: number): number {
  const padded = Math.floor((low - spanOf(low, high) * PADDING) / step) * step;
  return low >= 0 ? Math.max(0, padded) : padded;
}

function niceHigh(low: number, high: number, step: number): number {
  const padded = Math.ceil((high + spanOf(low, high) * PADDING) / step) * step;
  return high <= 0 && low < 0 ? Math.min(0, padded) : padded;
}

function nearer(value: number, goal: number, share: number, near: number): number {
  const error = goal - value;
  return Math.abs(error) < near ? goal : value + error * share;
}
