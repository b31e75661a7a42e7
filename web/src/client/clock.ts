/**
 * The hub's time, as well as this page can know it. In: instants that were stamped on one side and seen
 * on the other. Out: the hub's time for a page time, and how far off it can be. It starts no timers and
 * reads no clock: page time, from `performance.now()` alone, comes with every call.
 *
 * Each direction keeps its own least delay, because queues delay the two directions independently, and
 * because every publication that arrives is a free sample of one of them. What round trips can never show is
 * a path that is longer one way than the other; `errorBound` includes it.
 *
 * # Not before it is worth showing
 * One probe may have waited in a queue, and two pages that each believe theirs would differ by all of that. So an
 * estimate counts from five answers on, or with what there is after a second. Until then the one before it goes on.
 *
 * # Monotone
 * Small corrections are slewed: time shown goes faster or slower by at most 2 %, never back.
 *
 * # Stepping
 * Time steps when it is off by more than 250 ms, and when nobody has seen it yet or was looking, until the burst of
 * probes that begins such a time is over.
 */

import { Drift } from "./clock/drift.ts";
import { AgedMinimum } from "./clock/minimum.ts";

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

/** When an estimate counts: after so many answered probes, or, if there is one at all, after so long. */
interface Effort {
  readonly answers: number;
  readonly ms: number;
}

/** The least of five delays is rarely a long one, and whoever waits longer would rather see something. */
const ENOUGH: Effort = { answers: 5, ms: 1_000 };
/** A whole burst, on any line that is worth watching. */
const ALL: Effort = { answers: 10, ms: 3_000 };

/** Hub time less page time as a line: what it was at some page time, and by how much it grows. */
interface Estimate {
  readonly offset: number;
  readonly at: number;
  readonly rate: number;
}

export class HubClock {
  readonly #onContradiction: () => void;
  readonly #drift = new Drift();
  readonly #forward = new AgedMinimum(this.#drift, 1);
  readonly #backward = new AgedMinimum(this.#drift, -1);
  #answers = 0;
  #sampledSince = Number.POSITIVE_INFINITY;
  #estimate: Estimate | undefined;
  /** Hub time less page time as last shown, on its way to the estimate. */
  #offset: number | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;
  #mayStep = true;

  /** The callback is told when the samples cannot all be true; fresh probes are then due. */
  constructor(onContradiction: () => void = () => {}) {
    this.#onContradiction = onContradiction;
  }

  /** An answered probe; all in milliseconds, `received` and `answered` on the hub's clock. */
  probed(sentAt: number, received: number, answered: number, arrivedAt: number): void {
    this.#answers += 1;
    this.#forward.offer(received - sentAt, arrivedAt);
    this.#sample(arrivedAt - answered, arrivedAt);
  }

  /** A publication that was due at `stamp`, and therefore not sent before, has arrived. */
  arrived(stamp: number, arrivedAt: number): void {
    // Only these show the drift: what the hub adds to their delay, be it a whole window of coalescing, it always adds.
    this.#drift.offer(arrivedAt - stamp, arrivedAt);
    this.#sample(arrivedAt - stamp, arrivedAt);
  }

  /** Another connection may be another hub or another path: its samples must not be mixed with the old. */
  forget(): void {
    this.#drift.forget();
    this.#forward.forget();
    this.#backward.forget();
    this.#answers = 0;
    this.#sampledSince = Number.POSITIVE_INFINITY;
  }

  /** Whether any time can be shown. Stays true once it is: without samples the last estimate goes on. */
  get isKnown(): boolean {
    return this.#estimate !== undefined;
  }

  /** The hub's time at page time `at`, in milliseconds since the Unix epoch; of use once it is known. */
  now(at: number): number {
    if (this.#estimate === undefined) return at;
    const elapsed = at - this.#shownAt;
    if (this.#offset === undefined || elapsed > 0) {
      this.#mayStep ||= elapsed > UNSEEN_AFTER_MS;
      this.#offset = this.#approach(target(this.#estimate, at), elapsed);
      this.#mayStep &&= !this.#hasMade(ALL, at);
      this.#shownAt = at;
    }
    return at + this.#offset;
  }

  /** How far off `now(at)` can be at most, in milliseconds; undefined while nothing is known about that. */
  errorBound(at: number): number | undefined {
    if (this.#estimate === undefined || this.#answers === 0) return undefined;
    // No delay is below zero: the truth lies between the two minima, each moved outwards by what age makes of it.
    const shown = this.now(at) - at;
    const over = this.#forward.value(at) + this.#forward.blur(at) - shown;
    const under = this.#backward.value(at) + this.#backward.blur(at) + shown;
    return Math.max(0, over, under);
  }

  #sample(backward: number, at: number): void {
    this.#sampledSince = Math.min(this.#sampledSince, at);
    this.#backward.offer(backward, at);
    const least = this.#forward.value(at) + this.#backward.value(at);
    if (least + this.#forward.blur(at) + this.#backward.blur(at) < CONTRADICTION_MS) {
      this.forget();
      this.#onContradiction();
    } else if (this.#hasMade(ENOUGH, at)) {
      const offset = (this.#forward.value(at) - this.#backward.value(at)) / 2;
      this.#estimate = { offset, at, rate: this.#drift.rate };
    }
  }

  #hasMade({ answers, ms }: Effort, at: number): boolean {
    return this.#answers >= answers || (this.#answers > 0 && at - this.#sampledSince >= ms);
  }

  #approach(target: number, elapsed: number): number {
    const error = target - (this.#offset ?? target);
    if (this.#mayStep || Math.abs(error) > STEP_OVER_MS) return target;
    const wanted = error * (1 - Math.exp(-elapsed / SLEW_TIME_MS));
    const most = SLEW_MAX * elapsed;
    return target - error + Math.min(most, Math.max(-most, wanted));
  }
}

function target({ offset, at, rate }: Estimate, now: number): number {
  return offset + rate * (now - at);
}
