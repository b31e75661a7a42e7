/**
 * The automatic vertical range of an axis. It grows as soon as a value would leave it, and shrinks only after it has
 * been clearly too wide for a while; both changes are animated. Works on plain numbers and does not allocate.
 */

/** Empty margin above and below the values. */
const PADDING = 0.08;
/** The range shrinks when the values use less of it than this … */
const TOO_WIDE = 0.6;
/** … for this long: a peak that scrolls out must not make the picture jump. */
const SHRINK_AFTER_MS = 4_000;
/** Time constant of the animation. */
const GLIDE_MS = 140;
/** The animation ends when it is this close to its goal, as a share of the range. */
const ARRIVED = 1 / 2_000;
/** The range is about this many steps wide, and its ends lie on steps. */
const STEPS = 6;
/**
 * Values that differ by less than this share of their magnitude differ by rounding only: the line is flat. Sums round in
 * the last few of 53 bits; a difference in the fifteenth decimal is one of the data.
 */
const FINEST = 2 ** -47;
/** Smaller spans have no round steps any more. */
const SPAN_MIN = 1e-300;
/** Larger values are scaled before they are subtracted: their difference would be too large for a number. */
const LARGE = 1e300;
const SCALE = 1e-8;
const STEP_MAX = 1e308;

export class AutoRange {
  /** The range shown. */
  low = 0;
  high = 1;
  /** The range it is animating towards; equal to the range shown when idle. */
  goalLow = Number.NaN;
  goalHigh = Number.NaN;
  #wideSince = Number.NaN;
  #at = 0;

  /** Advances to `now` (milliseconds) for values between `low` and `high`; infinite if there are no values. */
  fit(low: number, high: number, now: number): void {
    const hasValues = Number.isFinite(low) && Number.isFinite(high);
    if (hasValues) this.#aim(low, high, now);
    else this.#wideSince = Number.NaN;
    this.#glide(now);
    if (!hasValues) return;
    // The animation may take its time, but visible values must be inside the range now.
    this.low = Math.min(this.low, low);
    this.high = Math.max(this.high, high);
  }

  /** Shows exactly this range. */
  fix(low: number, high: number): void {
    this.low = low;
    this.high = high;
    this.#goTo(low, high);
  }

  /** Whether the range will change with time alone, whatever the values. */
  get isGliding(): boolean {
    if (Number.isNaN(this.goalLow)) return false;
    return this.low !== this.goalLow || this.high !== this.goalHigh || !Number.isNaN(this.#wideSince);
  }

  #aim(low: number, high: number, now: number): void {
    const [wantedLow, wantedHigh] = niceRange(low, high);
    if (Number.isNaN(this.goalLow)) {
      this.low = wantedLow;
      this.high = wantedHigh;
      this.#goTo(wantedLow, wantedHigh);
    } else if (low < this.goalLow || high > this.goalHigh) {
      this.#goTo(Math.min(wantedLow, this.goalLow), Math.max(wantedHigh, this.goalHigh));
    } else if (halfSpan(wantedLow, wantedHigh) > TOO_WIDE * halfSpan(this.goalLow, this.goalHigh)) {
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
    const near = 2 * ARRIVED * halfSpan(this.goalLow, this.goalHigh);
    this.#at = now;
    this.low = nearer(this.low, this.goalLow, share, near);
    this.high = nearer(this.high, this.goalHigh, share, near);
  }
}

/** The padded range, rounded outwards to whole steps. */
export function niceRange(low: number, high: number): readonly [number, number] {
  if (Math.max(Math.abs(low), Math.abs(high)) > LARGE) {
    const [scaledLow, scaledHigh] = niceRange(low * SCALE, high * SCALE);
    return [Math.max(-Number.MAX_VALUE, scaledLow / SCALE), Math.min(Number.MAX_VALUE, scaledHigh / SCALE)];
  }
  const step = rangeStep(low, high);
  return [niceLow(low, high, step), niceHigh(low, high, step)];
}

/** Half the distance of two values: the whole may be too large for a number. */
export function halfSpan(low: number, high: number): number {
  return high / 2 - low / 2;
}

/** The smallest of 1, 2 and 5 times a power of ten that is at least `least`. */
export function niceStep(least: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const factor = least / magnitude;
  // Tolerate rounding: powers of ten below one are not exact.
  const atMost = (step: number) => factor <= step * (1 + 1e-9);
  const step = magnitude * (atMost(1) ? 1 : atMost(2) ? 2 : atMost(5) ? 5 : 10);
  return Math.min(STEP_MAX, step);
}

/** Whether two values differ by rounding only. */
export function isFlat(low: number, high: number): boolean {
  return !(high - low > Math.max(Math.abs(low), Math.abs(high)) * FINEST);
}

function spanOf(low: number, high: number): number {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size > 0 && size < SPAN_MIN) return SPAN_MIN;
  return isFlat(low, high) ? size * 0.2 || 1 : high - low;
}

function rangeStep(low: number, high: number): number {
  return niceStep(spanOf(low, high) / STEPS);
}

/* Padding alone never crosses zero: non-negative values get no negative axis. */

function niceLow(low: number, high: number, step: number): number {
  const padded = Math.floor((low - spanOf(low, high) * PADDING) / step) * step;
  return low >= 0 ? Math.max(0, padded) : padded;
}

function niceHigh(low: number, high: number, step: number): number {
  const padded = Math.ceil((high + spanOf(low, high) * PADDING) / step) * step;
  return high <= 0 && low < 0 ? Math.min(0, padded) : padded;
}

function nearer(value: number, goal: number, share: number, near: number): number {
  const error = 2 * halfSpan(value, goal);
  // Two ends of the range of numbers are too far apart for steps in between.
  return !Number.isFinite(error) || Math.abs(error) < near ? goal : value + error * share;
}
