/**
 * Which record follows on which: where the line goes on, where it breaks, and what is missing. It sees `seq` and
 * instants in milliseconds, no record and no message.
 */

/** A record's place. */
export interface Place {
  readonly seq: number;
  readonly time: number;
}

export class Sequence {
  readonly #newest = { seq: 0, time: Number.NEGATIVE_INFINITY };
  /** Instants that no line may cross, and that no record has come after yet. */
  #breaks: number[] = [];
  /** The first record expected; undefined: whichever comes first, because none was asked for by its position. */
  #wanted: number | undefined;
  #missed = 0;

  /** `seq` 0: none has come yet. The same object every time. */
  get newest(): Place {
    return this.#newest;
  }

  /** Records that the hub had and this page, which wanted them, did not get. */
  get missed(): number {
    return this.#missed;
  }

  get breaks(): readonly number[] {
    return this.#breaks;
  }

  /** Whether the record after the newest is what comes next, unless the hub says otherwise. */
  get isWanted(): boolean {
    return this.#wanted !== undefined;
  }

  /** What comes next was asked for: what follows the newest, or whatever the hub chooses. */
  ask(following: boolean): void {
    this.#wanted = following ? this.#newest.seq + 1 : undefined;
  }

  /** The hub has these and does not send them; to null: for as long as it says so. They may still come. */
  withhold(from: number, to: number | null): void {
    if (to === null || to > this.#newest.seq) this.#wanted ??= from;
  }

  breakAt(at: number): void {
    if (at >= this.#newest.time) this.#breaks.push(at);
  }

  /** Takes the next record in; the result says whether the line breaks before it. */
  take(seq: number, time: number): boolean {
    const next = this.#newest.seq + 1;
    const isBroken = seq > next || this.#breaks.some((at) => at <= time);
    if (next > 1) this.#missed += seq - Math.max(next, this.#wanted ?? seq);
    if (this.#breaks.length > 0) this.#breaks = this.#breaks.filter((at) => at > time);
    this.#wanted = seq + 1;
    this.#newest.seq = seq;
    this.#newest.time = time;
    return isBroken;
  }

  /** What has been missed stays missed. */
  clear(): void {
    this.#newest.seq = 0;
    this.#newest.time = Number.NEGATIVE_INFINITY;
    this.#breaks = [];
  }
}
