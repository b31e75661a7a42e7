/**
 * The newest samples of one series, bounded whatever the uptime: a sliding window over arrays of twice
 * its capacity. A chart can have it as three contiguous views, without copying; the one copy, when the
 * window reaches the end, comes once per `capacity` samples. Knows no records and no time.
 *
 * A break in the line is a row whose value is NaN.
 */

export interface Samples {
  /** Hub time in milliseconds since the Unix epoch, strictly increasing. */
  readonly times: Float64Array;
  /** NaN: there is no value here, and no line may cross. */
  readonly values: Float64Array;
  readonly seqs: Float64Array;
}

export class Ring {
  readonly capacity: number;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  readonly #seqs: Float64Array;
  #start = 0;
  #end = 0;

  constructor(capacity: number) {
    this.capacity = Math.max(2, Math.floor(capacity));
    this.#times = new Float64Array(2 * this.capacity);
    this.#values = new Float64Array(2 * this.capacity);
    this.#seqs = new Float64Array(2 * this.capacity);
  }

  /** The same samples with another capacity; of too many, the newest. */
  static from(old: Ring, capacity: number): Ring {
    const ring = new Ring(capacity);
    const { times, values, seqs } = old.samples();
    for (let i = 0; i < times.length; i += 1) {
      ring.push(times[i] as number, values[i] as number, seqs[i] as number);
    }
    return ring;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  push(time: number, value: number, seq: number): void {
    if (this.#end === 2 * this.capacity) this.#rewind();
    this.#times[this.#end] = time;
    this.#values[this.#end] = value;
    this.#seqs[this.#end] = seq;
    this.#end += 1;
    this.#start = Math.max(this.#start, this.#end - this.capacity);
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /** Views, not copies: they are good until the next push. */
  samples(): Samples {
    return {
      times: this.#times.subarray(this.#start, this.#end),
      values: this.#values.subarray(this.#start, this.#end),
      seqs: this.#seqs.subarray(this.#start, this.#end),
    };
  }

  #rewind(): void {
    for (const column of [this.#times, this.#values, this.#seqs])
      column.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** The index of the last time that is not after `time`, or -1. */
export function indexAt(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
