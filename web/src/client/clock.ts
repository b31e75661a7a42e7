/**
 * Estimates the hub's time from instants stamped on one side and observed on the other, and bounds the error. It starts
 * no timers and reads no clock: page time, always from `performance.now()`, comes with every call.
 *
 * The minimum delay is tracked separately for each direction, because queues delay the two directions independently,
 * and because every publication that arrives is a free sample of one of them. Round trips cannot reveal a path that
 * takes longer one way than the other; `errorBound` includes that.
 *
 * # Likely and possible
 * The time shown assumes that clocks drift as little as they usually do, because an old short delay then says more than
 * a recent long one. The bound assumes only what is always true, and the time shown is kept within it.
 *
 * # When an estimate is used
 * A single probe may have waited in a queue, and two pages that each trust theirs would differ by that much. So an
 * estimate is used from five answers on, or after a second with whatever has been answered. Until then the previous
 * estimate continues.
 *
 * # Monotonic
 * Small corrections are slewed: the time shown runs at most 2 % faster or slower, and never backwards.
 *
 * # Stepping
 * The time shown steps when it is off by more than 250 ms, and when it has not been shown yet or for a while, until the
 * burst of probes that starts such a period is over.
 */

import { AgingMinimum, Drift } from "./clock/delays.ts";
import { type OffsetLimits, OffsetRange } from "./clock/offset_range.ts";

/** Time constant of slewing. */
const SLEW_TIME_MS = 500;
/** Two per cent faster or slower is not visible on a scrolling line. */
const SLEW_MAX = 0.02;
/** Slewing a larger error would take over ten seconds. */
const STEP_OVER_MS = 250;
/** If the time was not queried for this long, no frame was drawn, and a step cannot be seen. */
const UNSEEN_AFTER_MS = 1_000;
/** Delays that add up to less than this are impossible: the page's clock stood still, as in a suspended laptop. */
const CONTRADICTION_MS = -5;

/** A number of answered probes, or the time after which a single one is enough. */
interface ProbeTarget {
  readonly answers: number;
  readonly ms: number;
}

/** The minimum of five delays is rarely a long one, and users should not wait longer for the first frame. */
const FIRST_ESTIMATE: ProbeTarget = { answers: 5, ms: 1_000 };
/** A complete burst on any usable connection. */
const FULL_BURST: ProbeTarget = { answers: 10, ms: 3_000 };

/** Hub time minus page time as a linear function: its value at some page time, and its rate of change. */
interface Estimate {
  readonly offset: number;
  readonly at: number;
  readonly rate: number;
}

export class HubClock {
  readonly #onContradiction: () => void;
  readonly #range = new OffsetRange();
  readonly #drift = new Drift(this.#range);
  readonly #forward = new AgingMinimum(this.#drift, 1);
  readonly #backward = new AgingMinimum(this.#drift, -1);
  #answers = 0;
  #sampledSince = Number.POSITIVE_INFINITY;
  #estimate: Estimate | undefined;
  /** Hub time minus page time as last shown; slewed towards the estimate. */
  #offset: number | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;
  #mayStep = true;

  /** The callback runs when the samples contradict each other; fresh probes are then needed. */
  constructor(onContradiction: () => void = () => {}) {
    this.#onContradiction = onContradiction;
  }

  /** Adds an answered probe; all in milliseconds, `received` and `answered` on the hub's clock. */
  probed(sentAt: number, received: number, answered: number, arrivedAt: number): void {
    this.#answers += 1;
    this.#forward.offer(received - sentAt, arrivedAt);
    this.#range.offerForward(received - sentAt, arrivedAt);
    this.#sample(arrivedAt - answered, arrivedAt);
  }

  /** Adds a publication that was due at `stamp`, and therefore not sent before that. */
  arrived(stamp: number, arrivedAt: number): void {
    // Only publications show the drift: the delay that the hub adds to them, up to a coalescing window, is always the
    // same.
    this.#drift.offer(arrivedAt - stamp, arrivedAt);
    this.#sample(arrivedAt - stamp, arrivedAt);
  }

  /** Drops all samples: another connection may be another hub or another path, and samples must not be mixed. */
  forget(): void {
    this.#drift.forget();
    this.#range.forget();
    this.#forward.forget();
    this.#backward.forget();
    this.#answers = 0;
    this.#sampledSince = Number.POSITIVE_INFINITY;
  }

  /** Whether the time is known. Stays true once it is: without samples the last estimate continues. */
  get isKnown(): boolean {
    return this.#estimate !== undefined;
  }

  /** The hub's time at page time `at`, in milliseconds since the Unix epoch; meaningful once `isKnown`. */
  now(at: number): number {
    if (this.#estimate === undefined) return at;
    const elapsed = at - this.#shownAt;
    if (this.#offset === undefined || elapsed > 0) {
      this.#mayStep ||= elapsed > UNSEEN_AFTER_MS;
      this.#offset = this.#slewTowards(target(this.#estimate, at), elapsed);
      this.#mayStep &&= !this.#hasReached(FULL_BURST, at);
      this.#shownAt = at;
    }
    return at + this.#offset;
  }

  /** Upper bound of the error of `now(at)`, in milliseconds; undefined while unknown. */
  errorBound(at: number): number | undefined {
    if (this.#estimate === undefined || this.#answers === 0) return undefined;
    const shown = this.now(at) - at;
    const { low, high } = this.#offsets(at);
    return Math.max(0, high - shown, shown - low);
  }

  /**
   * The range in which the offset must be at page time `at`. Delays that grow in both directions can pass for a drift that
   * no offset fits; then the measurement of the drift says nothing, and only what is possible counts.
   */
  #offsets(at: number): OffsetLimits {
    const measured = this.#range.within(at, this.#drift.limits);
    return measured.low <= measured.high ? measured : this.#range.within(at, this.#range.drift);
  }

  #sample(backward: number, at: number): void {
    this.#sampledSince = Math.min(this.#sampledSince, at);
    this.#backward.offer(backward, at);
    this.#range.offerBackward(backward, at);
    const { low, high } = this.#offsets(at);
    if (high - low < CONTRADICTION_MS) {
      this.forget();
      this.#onContradiction();
    } else if (this.#hasReached(FIRST_ESTIMATE, at)) {
      const likely = (this.#forward.value(at) - this.#backward.value(at)) / 2;
      const offset = Math.max(low, Math.min(high, likely));
      this.#estimate = { offset, at, rate: this.#drift.rate };
    }
  }

  #hasReached({ answers, ms }: ProbeTarget, at: number): boolean {
    return this.#answers >= answers || (this.#answers > 0 && at - this.#sampledSince >= ms);
  }

  #slewTowards(target: number, elapsed: number): number {
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
