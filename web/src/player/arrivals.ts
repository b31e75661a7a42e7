/**
 * How publications arrive: before their instant is drawn, as they should, or late. Only what comes live counts; what
 * was asked for from the past is never on time. Knows no connection.
 */

import { type Batch, type Data, instantOf } from "../client/protocol";

export class Arrivals {
  #count = 0;
  #late = 0;
  #aheadMs: number | undefined;
  /** The last publication that was due when the hub said hello. */
  #past = Number.POSITIVE_INFINITY;

  /** Publications that came live. */
  get count(): number {
    return this.#count;
  }

  /** Those of them that came after the instant at which they should have been drawn. */
  get late(): number {
    return this.#late;
  }

  /** How long before its instant the first of the newest flush came; negative: after it. */
  get aheadMs(): number | undefined {
    return this.#aheadMs;
  }

  /** A connection begins; publications up to `seq` are the past. */
  begin(seq: number): void {
    this.#past = seq;
  }

  /** Publications came when `playhead` was drawn, in hub time. */
  take(message: Data | Batch, playhead: number): void {
    if (message.type === "data") this.#take(message.seq, message.t / 1000 - playhead, true);
    else
      for (let i = 0; i < message.data.length; i += 1)
        this.#take(message.seq + i, instantOf(message, i) / 1000 - playhead, i === 0);
  }

  #take(seq: number, aheadMs: number, isFirst: boolean): void {
    if (seq <= this.#past) return;
    this.#count += 1;
    if (aheadMs < 0) this.#late += 1;
    // The first of a flush has waited for the others.
    if (isFirst) this.#aheadMs = aheadMs;
  }
}
