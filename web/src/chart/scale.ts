/**
 * A value scale: the range of its lines, automatic or with fixed ends, and its round tick values. Knows numbers and
 * shares of a height, no canvas.
 */

import type { AxisLimits } from "../topic_buffer/axis_limits";
import { AutoRange, halfSpan, niceStep } from "./auto_range";

/**
 * While a range is this many times wider than its goal, its ticks have wider steps: the steps of the goal would be too many.
 */
const WIDE = 10;
/** How often a step is made finer, until two ticks lie within the range: at first it may be longer than the range. */
const FINER_MAX = 2;
/** More ticks than any screen has room for. */
const TICKS_MAX = 1_000;

export class Scale {
  readonly range = new AutoRange();
  readonly ticks: number[] = [];
  readonly texts: string[] = [];
  readonly #format: (value: number, step: number) => string;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  /** The fixed ends; NaN where the range is automatic. */
  #min = Number.NaN;
  #max = Number.NaN;
  #first = Number.NaN;
  #last = Number.NaN;
  #step = Number.NaN;

  constructor(format: (value: number, step: number) => string) {
    this.#format = format;
  }

  /** Whether values may lie outside of the range, because an end of it is fixed. */
  get isFixed(): boolean {
    return !Number.isNaN(this.#min) || !Number.isNaN(this.#max);
  }

  begin(): void {
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
    this.#min = Number.NaN;
    this.#max = Number.NaN;
  }

  include(low: number, high: number): void {
    this.#low = Math.min(this.#low, low);
    this.#high = Math.max(this.#high, high);
  }

  /** Fixes ends of the range; of several lines, the widest range counts. */
  limit({ min, max }: Pick<AxisLimits, "min" | "max">): void {
    if (min !== undefined) this.#min = Number.isNaN(this.#min) ? min : Math.min(this.#min, min);
    if (max !== undefined) this.#max = Number.isNaN(this.#max) ? max : Math.max(this.#max, max);
  }

  fit(now: number): void {
    const [hasMin, hasMax] = [!Number.isNaN(this.#min), !Number.isNaN(this.#max)];
    if (hasMin && hasMax) {
      this.range.fix(this.#min, this.#max);
      return;
    }
    const low = hasMin ? this.#min : hasMax ? Math.min(this.#low, this.#max) : this.#low;
    const high = hasMax ? this.#max : hasMin ? Math.max(this.#high, this.#min) : this.#high;
    this.range.fit(low, high, now);
    if (hasMin) this.range.low = this.#min;
    if (hasMax) this.range.high = this.#max;
  }

  /** Height above the lower edge, as a share of the plot area. */
  share(value: number): number {
    return halfSpan(this.range.low, value) / halfSpan(this.range.low, this.range.high);
  }

  /**
   * Updates the ticks: round values from one step below the range to one above it, at most `most` within the range, but
   * at least two. The step follows the range's goal, not its animation, and the outermost values exist before the range
   * reaches them, so ticks do not appear and vanish during a short animation.
   */
  updateTicks(most: number): void {
    const { low, high, goalLow, goalHigh } = this.range;
    const [from, to] = Number.isNaN(goalLow) ? [low, high] : [goalLow, goalHigh];
    const [goal, shown] = [halfSpan(from, to), halfSpan(low, high) / WIDE];
    let step = niceStep(Math.max(goal, shown) / Math.max(0.5, most / 2));
    // One value alone does not say how much the others differ from it. Finer steps are at most half as long.
    for (let i = 0; i < FINER_MAX && goal >= shown && !hasTwo(from, to, step); i += 1)
      step = niceStep(step / 2.5);
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

/** Whether two multiples of a step lie within a range. */
function hasTwo(from: number, to: number, step: number): boolean {
  return Math.floor(to / step) > Math.ceil(from / step);
}
