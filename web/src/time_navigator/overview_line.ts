/** An overview line, reduced to the minimum and maximum of each pixel column. Knows numbers only. */

import type { TimeRange } from "../history_cache/time_range";
import type { TracePart } from "../scene";
import { toX } from "./navigator_range";

export interface PathSink {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

export class OverviewLine {
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  /** Whether the line breaks between the previous column and the end of this one. */
  readonly #isBroken: Uint8Array;
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;

  constructor(parts: readonly TracePart[], range: TimeRange, columns: number) {
    this.#lows = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    this.#highs = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
    this.#isBroken = new Uint8Array(columns);
    for (const [i, part] of parts.entries()) this.#add(part, range, startOf(parts[i + 1]));
  }

  /** Draws the line; `y` maps a value to a coordinate. */
  trace(pen: PathSink, y: (value: number) => number): void {
    let isDown = false;
    for (let column = 0; column < this.#lows.length; column += 1) {
      if (this.#isBroken[column] === 1) isDown = false;
      const [low, high] = [this.#lows[column] as number, this.#highs[column] as number];
      if (low > high) continue;
      const x = column + 0.5;
      if (!isDown) pen.moveTo(x, y(low));
      // Also after `moveTo`: a single value is drawn as a dot.
      pen.lineTo(x, y(low));
      pen.lineTo(x, y(high));
      isDown = true;
    }
  }

  #add({ samples, column }: TracePart, range: TimeRange, until: number): void {
    const { times, begin, end } = samples;
    const values = samples.columns[column];
    if (values === undefined) return;
    for (let i = begin; i < end && (times[i] as number) < until; i += 1) {
      const index = Math.floor(toX(times[i] as number, range, this.#lows.length));
      if (index < 0 || index >= this.#lows.length) continue;
      this.#put(index, values[i] as number);
    }
  }

  #put(index: number, value: number): void {
    if (Number.isNaN(value)) {
      this.#isBroken[index] = 1;
      return;
    }
    this.#lows[index] = Math.min(this.#lows[index] as number, value);
    this.#highs[index] = Math.max(this.#highs[index] as number, value);
    this.low = Math.min(this.low, value);
    this.high = Math.max(this.high, value);
  }
}

function startOf(part: TracePart | undefined): number {
  const { times, begin, end } = part?.samples ?? { times: undefined, begin: 0, end: 0 };
  return begin < end ? (times?.[begin] as number) : Number.POSITIVE_INFINITY;
}
