/** A line as one lowest and one highest value for each column of pixels. Knows numbers only. */

import type { Range } from "../past/range";
import type { Part } from "../scene";
import { toX } from "./span";

export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

export class Overview {
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  /** Whether the line breaks somewhere between the column before and the end of this one. */
  readonly #isBroken: Uint8Array;
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;

  constructor(parts: readonly Part[], range: Range, columns: number) {
    this.#lows = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    this.#highs = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
    this.#isBroken = new Uint8Array(columns);
    for (const [i, part] of parts.entries()) this.#add(part, range, startOf(parts[i + 1]));
  }

  /** Draws the line; `y` places a value. */
  trace(pen: Pen, y: (value: number) => number): void {
    let isDown = false;
    for (let column = 0; column < this.#lows.length; column += 1) {
      if (this.#isBroken[column] === 1) isDown = false;
      const [low, high] = [this.#lows[column] as number, this.#highs[column] as number];
      if (low > high) continue;
      const x = column + 0.5;
      if (!isDown) pen.moveTo(x, y(low));
      // Also after moving: a value alone is a dot, not nothing.
      pen.lineTo(x, y(low));
      pen.lineTo(x, y(high));
      isDown = true;
    }
  }

  #add({ samples, column }: Part, range: Range, until: number): void {
    const { times, begin, end } = samples;
    const values = samples.columns[column];
    if (values === undefined) return;
    for (let i = begin; i < end && (times[i] as number) < until; i += 1) {
      const place = Math.floor(toX(times[i] as number, range, this.#lows.length));
      if (place < 0 || place >= this.#lows.length) continue;
      this.#put(place, values[i] as number);
    }
  }

  #put(place: number, value: number): void {
    if (Number.isNaN(value)) {
      this.#isBroken[place] = 1;
      return;
    }
    this.#lows[place] = Math.min(this.#lows[place] as number, value);
    this.#highs[place] = Math.max(this.#highs[place] as number, value);
    this.low = Math.min(this.low, value);
    this.high = Math.max(this.high, value);
  }
}

function startOf(part: Part | undefined): number {
  const { times, begin, end } = part?.samples ?? { times: undefined, begin: 0, end: 0 };
  return begin < end ? (times?.[begin] as number) : Number.POSITIVE_INFINITY;
}
