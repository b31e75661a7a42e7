/**
 * Tracks which record follows which: where the line continues, where it breaks, and how many records are missing. It
 * sees `seq` and instants in milliseconds, no records and no messages.
 */

/** The `seq` and instant of a record. */
export interface RecordPosition {
  readonly seq: number;
  readonly time: number;
}

export class GapTracker {
  readonly #newest = { seq: 0, time: Number.NEGATIVE_INFINITY };
  /** Instants at which the line breaks, and after which no record has arrived yet. */
  #breaks: number[] = [];
  /** The next record expected; undefined if any may come, because none was requested by position. */
  #expected: number | undefined;
  /** Kept across epochs. */
  #missed = 0;

  /** `seq` is 0 before the first record. The same object every time. */
  get newest(): RecordPosition {
    return this.#newest;
  }

  /** Number of records that were requested and not received. */
  get missed(): number {
    return this.#missed;
  }

  get breaks(): readonly number[] {
    return this.#breaks;
  }

  /** Whether the record after the newest is expected next, unless the hub announces a gap. */
  get expectsNext(): boolean {
    return this.#expected !== undefined;
  }

  /** Notes what the next connection has requested: the records after the newest (true), or whatever the hub chooses. */
  onRequest(following: boolean): void {
    this.#expected = following ? this.#newest.seq + 1 : undefined;
  }

  /**
   * The hub has these records and does not send them; they may still arrive. On the wire, `to` is null, like `from`, if
   * the range is unknown.
   */
  onGap(from: number, to: number | null): void {
    if (to === null || to > this.#newest.seq) this.#expected ??= from;
  }

  breakAt(at: number): void {
    if (at >= this.#newest.time) this.#breaks.push(at);
  }

  /** Accepts the next record; returns whether the line breaks before it. */
  accept(seq: number, time: number): boolean {
    const next = this.#newest.seq + 1;
    const isBroken = seq > next || this.#breaks.some((at) => at <= time);
    if (next > 1) this.#missed += seq - Math.max(next, this.#expected ?? seq);
    if (this.#breaks.length > 0) this.#breaks = this.#breaks.filter((at) => at > time);
    this.#expected = seq + 1;
    this.#newest.seq = seq;
    this.#newest.time = time;
    return isBroken;
  }

  /** The count of missed records is kept. */
  clear(): void {
    this.#newest.seq = 0;
    this.#newest.time = Number.NEGATIVE_INFINITY;
    this.#breaks = [];
  }
}
