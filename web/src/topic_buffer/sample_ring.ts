/**
 * A ring buffer of the newest samples of one topic: a sliding window over arrays slightly longer than its capacity. The
 * chart reads it in place. When the window reaches the end of the arrays, it is copied to the beginning, once in many
 * samples. Knows no records.
 *
 * Each record is a row, each field a column. A row that marks a break has no `seq` and no values.
 */

/**
 * Rows `begin` to `end` (exclusive) are valid. Owned by the provider and valid until its next push. Hub time in
 * milliseconds.
 */
export interface Samples {
  /** Strictly increasing. */
  readonly times: Float64Array;
  /** NaN marks a row that is only a break. */
  readonly seqs: Float64Array;
  /** One per field; NaN means no value, and the line breaks. */
  readonly columns: readonly Float64Array[];
  /** For each column, by `seq`: how the record spells a number that a double does not hold. Few columns have any. */
  readonly spellings?: readonly (ReadonlyMap<number, string> | undefined)[];
  readonly begin: number;
  readonly end: number;
}

/** The owner's mutable view of its samples. */
interface MutableSamples extends Samples {
  times: Float64Array;
  seqs: Float64Array;
  readonly columns: Float64Array[];
  readonly spellings: (Map<number, string> | undefined)[];
  begin: number;
  end: number;
}

/**
 * Extra room beyond the capacity, as a share of it: four rows are moved per row pushed, and little memory lies idle.
 */
const SLACK_SHARE = 0.25;

export class SampleRing {
  #capacity: number;
  /** One object for the lifetime of the ring, so that readers see every new row. */
  readonly #rows: MutableSamples;

  constructor(capacity: number) {
    this.#capacity = Math.max(2, Math.floor(capacity));
    const allocated = allocationFor(this.#capacity);
    this.#rows = {
      times: new Float64Array(allocated),
      seqs: new Float64Array(allocated),
      columns: [],
      spellings: [],
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

  /** Appends a row without values. */
  push(time: number, seq: number): void {
    const rows = this.#rows;
    if (rows.end === rows.times.length) this.#rewind();
    rows.times[rows.end] = time;
    rows.seqs[rows.end] = seq;
    for (const column of rows.columns) column[rows.end] = Number.NaN;
    rows.end += 1;
    rows.begin = Math.max(rows.begin, rows.end - this.#capacity);
  }

  /** Sets a value in the newest row, in a new column if necessary. */
  put(column: number, value: number): void {
    if (column >= this.#rows.columns.length) this.widen(column + 1);
    (this.#rows.columns[column] as Float64Array)[this.#rows.end - 1] = value;
  }

  /** Sets how a value in the newest row is spelled. Spellings of rows that have left are dropped. */
  spell(column: number, spelling: string): void {
    const { seqs, spellings, begin, end } = this.#rows;
    const known = spellings[column] ?? new Map<number, string>();
    spellings[column] = known.set(seqs[end - 1] as number, spelling);
    // The oldest row may be a break, which has no `seq`.
    const oldest = seqs[Number.isNaN(seqs[begin]) ? begin + 1 : begin] as number;
    for (const seq of known.keys()) {
      if (seq >= oldest) break;
      known.delete(seq);
    }
  }

  /** Adds columns up to this number; existing rows have no value in them. */
  widen(columns: number): void {
    const rows = this.#rows;
    while (rows.columns.length < columns)
      rows.columns.push(new Float64Array(rows.times.length).fill(Number.NaN));
  }

  /** Increases the capacity, keeping the rows. */
  grow(capacity: number): void {
    if (capacity <= this.#capacity) return;
    this.#capacity = Math.floor(capacity);
    const rows = this.#rows;
    const { begin, end } = rows;
    const moved = (old: Float64Array) => {
      const longer = new Float64Array(allocationFor(this.#capacity));
      longer.set(old.subarray(begin, end));
      return longer;
    };
    rows.times = moved(rows.times);
    rows.seqs = moved(rows.seqs);
    for (const [i, column] of rows.columns.entries()) rows.columns[i] = moved(column);
    rows.begin = 0;
    rows.end = end - begin;
  }

  /** Removes all rows and columns. */
  clear(): void {
    this.#rows.begin = 0;
    this.#rows.end = 0;
    this.#rows.columns.length = 0;
    this.#rows.spellings.length = 0;
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

/** The last row at or before `time`, or `begin − 1`. */
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

/** The row of the record due at `time`, skipping breaks, or `begin − 1`. */
export function recordAt(samples: Samples, time: number): number {
  let row = indexAt(samples, time);
  while (row >= samples.begin && Number.isNaN(samples.seqs[row])) row -= 1;
  return row;
}

/** How the value in this column and row is spelled; undefined if its double says it all. */
export function spellingAt({ spellings, seqs }: Samples, column: number, row: number): string | undefined {
  return spellings?.[column]?.get(seqs[row] as number);
}

function allocationFor(capacity: number): number {
  return capacity + Math.max(2, Math.ceil(capacity * SLACK_SHARE));
}
