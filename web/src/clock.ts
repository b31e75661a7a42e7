/**
 * The hub's time, as well as this page can know it. In: instants that were stamped on one side and seen
 * on the other. Out: the hub's time for a page time, and how far off it can be. It starts no timers and
 * reads no clock: page time, from `performance.now()` alone, comes with every call.
 *
 * Each direction keeps its own least delay, because queues delay the two directions independently, and
 * because every publication that arrives is a free sample of one of them. What round trips can never show is
 * a path that is longer one way than the other; `errorBound` includes it.
 *
 * # Monotone
 * Small corrections are slewed: time shown goes faster or slower by at most 2 %, never back.
 *
 * # Stepping
 * Time steps when it was unknown, when it is off by more than 250 ms, and when nobody was looking.
 */

import { AgedMinimum } from "./clock/minimum";

/** A correction has mostly faded in after this time. */
const SLEW_TIME_MS = 500;
/** Two per cent faster or slower is not seen on a scrolling line. */
const SLEW_MAX = 0.02;
/** Slewing more than this off would take over ten seconds. */
const STEP_OVER_MS = 250;
/** If no time was asked for that long, no frame was drawn, and no eye can see a step. */
const UNSEEN_AFTER_MS = 1_000;
/** Delays that add up to less than this are impossible: the page's clock stood still, as in a suspended laptop. */
const CONTRADICTION_MS = -5;

export class HubClock {
  readonly #onContradiction: () => void;
  readonly #forward = new AgedMinimum();
  readonly #backward = new AgedMinimum();
  #offset: number | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;

  /** The callback is told when the samples cannot all be true; fresh probes are then due. */
  constructor(onContradiction: () => void = () => {}) {
    this.#onContradiction = onContradiction;
  }

  /** An answered probe; all in milliseconds, `received` and `answered` on the hub's clock. */
  probed(sentAt: number, received: number, answered: number, arrivedAt: number): void {
    this.#forward.offer(received - sentAt, arrivedAt);
    this.arrived(answered, arrivedAt);
  }

  /** Something the hub cannot have sent before `stamp` arrived: a publication is never early. */
  arrived(stamp: number, arrivedAt: number): void {
    this.#backward.offer(arrivedAt - stamp, arrivedAt);
    if (this.#sum(arrivedAt) < CONTRADICTION_MS) {
      this.forget();
      this.#onContradiction();
    }
  }

  /** Another connection may be another hub or another path: its samples must not be mixed with the old. */
  forget(): void {
    this.#forward.forget();
    this.#backward.forget();
  }

  /** Whether any time can be shown. Stays true once it is: without samples the last offset goes on. */
  get isKnown(): boolean {
    return this.#offset !== undefined || this.#target !== undefined;
  }

  /** The hub's time at page time `at`, in milliseconds since the Unix epoch. */
  now(at: number): number {
    const target = this.#target ?? this.#offset ?? 0;
    const elapsed = at - this.#shownAt;
    if (elapsed > 0) {
      this.#offset = this.#approach(target, elapsed);
      this.#shownAt = at;
    }
    return at + (this.#offset ?? target);
  }

  /** Half the least round trip: how far off the estimate can be at most, in milliseconds. */
  errorBound(at: number): number | undefined {
    const sum = this.#sum(at);
    return Number.isFinite(sum) ? Math.max(0, sum / 2) : undefined;
  }

  get #target(): number | undefined {
    if (!this.#forward.isKnown || !this.#backward.isKnown) return undefined;
    return (this.#forward.value - this.#backward.value) / 2;
  }

  #approach(target: number, elapsed: number): number {
    const error = target - (this.#offset ?? Number.POSITIVE_INFINITY);
    if (!(Math.abs(error) <= STEP_OVER_MS) || elapsed > UNSEEN_AFTER_MS) return target;
    const wanted = error * (1 - Math.exp(-elapsed / SLEW_TIME_MS));
    const most = SLEW_MAX * elapsed;
    return target - error + Math.min(most, Math.max(-most, wanted));
  }

  #sum(at: number): number {
    return this.#forward.aged(at) + this.#backward.aged(at);
  }
}
