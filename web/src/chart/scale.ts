/**
 * Value scales: one per unit, so that lines with the same unit can be compared, with round tick values. Knows numbers
 * and heights, no canvas.
 *
 * # Two axes
 * The first unit has its axis on the left, the second on the right. Lines of further units have a scale of their own
 * but no axis; the legend shows their values.
 */

import { AutoRange, halfSpan, niceStep } from "./auto_range";

/**
 * While a range is this many times wider than its goal, its ticks have wider steps: the steps of the goal would be too many.
 */
const WIDE = 10;
/** More ticks than any screen has room for. */
const TICKS_MAX = 1_000;

export class Scale {
  readonly unit: string;
  readonly range = new AutoRange();
  readonly ticks: number[] = [];
  readonly texts: string[] = [];
  readonly #format: (value: number, step: number) => string;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #first = Number.NaN;
  #last = Number.NaN;
  #step = Number.NaN;

  constructor(unit: string, format: (value: number, step: number) => string) {
    this.unit = unit;
    this.#format = format;
  }

  begin(): void {
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
  }

  include(low: number, high: number): void {
    this.#low = Math.min(this.#low, low);
    this.#high = Math.max(this.#high, high);
  }

  fit(now: number): void {
    this.range.fit(this.#low, this.#high, now);
  }

  /** Height above the lower edge, as a share of the plot area. */
  share(value: number): number {
    return halfSpan(this.range.low, value) / halfSpan(this.range.low, this.range.high);
  }

  /**
   * Updates the ticks: round values from one step below the range to one above it, at most `most` within the range. The
   * step follows the range's goal, not its animation, and the outermost values exist before the range reaches them, so
   * ticks do not appear and vanish during a short animation.
   */
  updateTicks(most: number): void {
    const { low, high, goalLow, goalHigh } = this.range;
    const goal = Number.isNaN(goalLow) ? halfSpan(low, high) : halfSpan(goalLow, goalHigh);
    const step = niceStep(Math.max(goal, halfSpan(low, high) / WIDE) / Math.max(0.5, most / 2));
    const first = Math.ceil(low / step) - 1;
    const last = Math.floor(high / step) + 1;
    if (first === this.#first && last === this.#last && step === this.#step) return;
    this.#first = first;
    this.#last = last;
    this.#step = step;
    this.ticks.length = 0;
    this.texts.length = 0;
    // Loop by count: a number too large to increment would never reach the last tick.
    const count = Math.min(last - first + 1, TICKS_MAX);
    for (let i = 0; i < count; i += 1) {
      const value = (first + i) * step;
      if (!Number.isFinite(value)) continue;
      this.ticks.push(value);
      this.texts.push(this.#format(value, step));
    }
  }

  /** Width of the longest tick label in characters. */
  get widest(): number {
    let most = 0;
    for (const text of this.texts) most = Math.max(most, text.length);
    return most;
  }
}

/** All scales of the chart, in order of first use in a frame. */
export class Scales {
  readonly #format: (value: number, step: number) => string;
  readonly #known = new Map<string, Scale>();
  readonly #used: Scale[] = [];

  constructor(format: (value: number, step: number) => string) {
    this.#format = format;
  }

  get left(): Scale | undefined {
    return this.#used[0];
  }

  get right(): Scale | undefined {
    return this.#used[1];
  }

  /** Whether the picture mixes units, so that axes must be labelled. */
  get areMixed(): boolean {
    return this.#used.length > 1;
  }

  /** Starts a new frame with no series included yet. */
  begin(): void {
    this.#used.length = 0;
  }

  include(unit: string | undefined, low: number, high: number): void {
    const scale = this.of(unit);
    if (!this.#used.includes(scale)) {
      scale.begin();
      this.#used.push(scale);
    }
    scale.include(low, high);
  }

  fit(now: number): void {
    for (const scale of this.#used) scale.fit(now);
  }

  get isGliding(): boolean {
    for (const { range } of this.#used) if (range.isGliding) return true;
    return false;
  }

  of(unit = ""): Scale {
    let scale = this.#known.get(unit);
    if (scale === undefined) {
      scale = new Scale(unit, this.#format);
      this.#known.set(unit, scale);
    }
    return scale;
  }
}
