/**
 * The newest samples of one topic, bounded whatever the uptime: a sliding window over arrays somewhat longer than
 * its capacity. A chart reads it in place, without copying; the one copy, when the window reaches the end of the
 * arrays, comes once in many samples. Knows no records.
 *
 * Every record is a row; every field is a column. A row of a break has no `seq` and no value.
 */

/** Rows `begin` to `end` (exclusive) count. Owned by whoever gives them, good until its next push. Hub time in ms. */
export interface Samples {
  /** Strictly increasing. */
  readonly times: Float64Array;
  /** NaN: a row that is a break only. */
  readonly seqs: Float64Array;
  /** One a field; NaN: no value here, no line may cross. */
  readonly columns: readonly Float64Array[];
  readonly begin: number;
  readonly end: number;
}

/** The same, for its owner. */
interface Rows extends Samples {
  times: Float64Array;
  seqs: Float64Array;
  readonly columns: Float64Array[];
  begin: number;
  end: number;
}

/** Room beyond the capacity, as a share of it: four rows are moved for each one that comes, and little lies idle. */
const SLACK_SHARE = 0.25;

export class Ring {
  #capacity: number;
  /** One object for good: whoever has it sees every row that comes. */
  readonly #rows: Rows;

  constructor(capacity: number) {
    this.#capacity = Math.max(2, Math.floor(capacity));
    const rooms = roomsFor(this.#capacity);
    this.#rows = {
      times: new Float64Array(rooms),
      seqs: new Float64Array(rooms),
      columns: [],
      begin: 0,
      end: 0,
    };
  }

  get capacity(): number {
    return this.#capacity;
  }

  get length(): number {
    return this.#rows.end - this.#rows.begin;
  }

  /** The same object every time. */
  samples(): Samples {
    return this.#rows;
  }

  /** A new row, without values. */
  push(time: number, seq: number): void {
    const rows = this.#rows;
    if (rows.end === rows.times.length) this.#rewind();
    rows.times[rows.end] = time;
    rows.seqs[rows.end] = seq;
    for (const column of rows.columns) column[rows.end] = Number.NaN;
    rows.end += 1;
    rows.begin = Math.max(rows.begin, rows.end - this.#capacity);
  }

  /** A value in the newest row. */
  put(column: number, value: number): void {
    const values = this.#rows.columns[column];
    if (values !== undefined) values[this.#rows.end - 1] = value;
  }

  /** As many columns as that; the rows there are have no value in a new one. */
  widen(columns: number): void {
    const rows = this.#rows;
    while (rows.columns.length < columns)
      rows.columns.push(new Float64Array(rows.times.length).fill(Number.NaN));
  }

  /** Room for so many rows, if there is less. The rows there are stay. */
  grow(capacity: number): void {
    if (capacity <= this.#capacity) return;
    this.#capacity = Math.floor(capacity);
    const rows = this.#rows;
    const { begin, end } = rows;
    const moved = (old: Float64Array) => {
      const longer = new Float64Array(roomsFor(this.#capacity));
      longer.set(old.subarray(begin, end));
      return longer;
    };
    rows.times = moved(rows.times);
    rows.seqs = moved(rows.seqs);
    for (const [i, column] of rows.columns.entries()) rows.columns[i] = moved(column);
    rows.begin = 0;
    rows.end = end - begin;
  }

  /** No rows, no columns. */
  clear(): void {
    this.#rows.begin = 0;
    this.#rows.end = 0;
    this.#rows.columns.length = 0;
  }

  #rewind(): void {
    const rows = this.#rows;
    const { begin, end } = rows;
    rows.times.copyWithin(0, begin, end);
    rows.seqs.copyWithin(0, begin, end);
    for (const column of rows.columns) column.copyWithin(0, begin, end);
    rows.end -= begin;
    rows.begin = 0;
  }
}

/** The last row that is not after `time`; `begin − 1` if there is none. */
export function indexAt({ times, begin, end }: Samples, time: number): number {
  let low = begin;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The row of the record that is due at `time`, passing over breaks; `begin − 1` if there is none. */
export function recordAt(samples: Samples, time: number): number {
  let row = indexAt(samples, time);
  while (row >= samples.begin && Number.isNaN(samples.seqs[row])) row -= 1;
  return row;
}

function roomsFor(capacity: number): number {
  return capacity + Math.max(2, Math.ceil(capacity * SLACK_SHARE));
}
