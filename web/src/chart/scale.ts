/**
 * What a height on the picture means: one scale a unit, so that lines of one unit can be compared, and the round
 * values beside it. Knows numbers and heights, no canvas.
 *
 * # The first two have an axis
 * The unit that comes first has its axis at the left, the second at the right; lines of further units have a scale
 * of their own, and the legend gives their values.
 */

import { CalmRange, niceStep } from "./range";

/** A range that is so many times as wide as its goal has steps of its own: those of the goal would be too many. */
const WIDE = 10;
/** More than any screen has room for. */
const TICKS_MAX = 1_000;

export class Scale {
  readonly unit: string;
  readonly range = new CalmRange();
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

  /** How far above the lower edge, as a share of the height. */
  share(value: number): number {
    return (value - this.range.low) / (this.range.high - this.range.low);
  }

  /**
   * The round values from one step below the range to one above, at most `most` to the range. The step follows the range's goal,
   * not its glide, and the outermost values are there before the range has reached them: no value comes and goes on the way,
   * unless that is a long one.
   */
  mark(most: number): void {
    const { low, high, goalLow, goalHigh } = this.range;
    const goal = Number.isNaN(goalLow) ? high - low : goalHigh - goalLow;
    const step = niceStep(Math.max(goal, (high - low) / WIDE) / Math.max(1, most));
    const first = Math.ceil(low / step) - 1;
    const last = Math.floor(high / step) + 1;
    if (first === this.#first && last === this.#last && step === this.#step) return;
    this.#first = first;
    this.#last = last;
    this.#step = step;
    this.ticks.length = 0;
    this.texts.length = 0;
    // Counted: a number too large to have a next one would never get to the last.
    const count = Math.min(last - first + 1, TICKS_MAX);
    for (let i = 0; i < count; i += 1) {
      const value = (first + i) * step;
      this.ticks.push(value);
      this.texts.push(this.#format(value, step));
    }
  }

  /** In characters. */
  get widest(): number {
    let most = 0;
    for (const text of this.texts) most = Math.max(most, text.length);
    return most;
  }
}

/** The scales of a picture, in the order of their units. */
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

  /** Whether values of different units are in the picture, so that an axis must say whose it is. */
  get areMixed(): boolean {
    return this.#used.length > 1;
  }

  /** Another frame, without any line so far. */
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
