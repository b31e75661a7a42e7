/**
 * Whether a topic's publications arrive in time. Knows no connection.
 *
 * Live publications are counted, and those of them that arrive after the instant at which they are drawn; backfill is
 * never on time. And a view that follows live is judged: whether it is behind because nothing newer has arrived.
 */

import { type Batch, type Data, instantOf } from "../client/protocol";

/** A view is behind when it lacks more than this many records … */
const BEHIND_PERIODS = 3;
/** … and more than this much time: below it a stalled line is not noticeable. */
const BEHIND_MS = 500;

/** Counts publications. */
export class ArrivalStats {
  #count = 0;
  #late = 0;
  #aheadMs: number | undefined;
  /** The last publication due at the latest `hello`; up to here everything is backfill. */
  #backfilledTo = Number.POSITIVE_INFINITY;

  /** Number of publications received live. */
  get count(): number {
    return this.#count;
  }

  /** How many of them arrived after the instant at which they should have been drawn. */
  get late(): number {
    return this.#late;
  }

  /** How long before its instant the first publication of the newest flush arrived; negative if late. */
  get aheadMs(): number | undefined {
    return this.#aheadMs;
  }

  /** Starts a connection; publications up to `seq` are backfill. */
  onHello(seq: number): void {
    this.#backfilledTo = seq;
  }

  /** Records publications that arrived while the playhead was at `playhead`, in hub time. */
  record(message: Data | Batch, playhead: number): void {
    if (message.type === "data") this.#recordOne(message.seq, message.t / 1000 - playhead, true);
    else
      for (let i = 0; i < message.data.length; i += 1)
        this.#recordOne(message.seq + i, instantOf(message, i) / 1000 - playhead, i === 0);
  }

  #recordOne(seq: number, aheadMs: number, isFirst: boolean): void {
    if (seq <= this.#backfilledTo) return;
    this.#count += 1;
    if (aheadMs < 0) this.#late += 1;
    // The first of a flush has waited the longest in the hub.
    if (isFirst) this.#aheadMs = aheadMs;
  }
}

/** Judges a view; has hysteresis, because a flickering badge is useless. */
export class Liveness {
  #isBehind = false;

  /** Whether a view is behind whose newest record is `lagMs` old, with a record every `periodMs`. */
  isBehind(lagMs: number, periodMs: number): boolean {
    const limit = this.#isBehind ? Math.max(periodMs, 0) : Math.max(BEHIND_PERIODS * periodMs, BEHIND_MS);
    this.#isBehind = lagMs > limit;
    return this.#isBehind;
  }
}
