/** One direction of a path in operation: what is pushed is delivered after its delay, in order. */

import type { DelayQueue } from "./delay_queue";

/** The clock and the timers of a path, in milliseconds. */
export interface Timers {
  now(): number;
  /** Calls back once; the returned function cancels it. */
  after(ms: number, call: () => void): () => void;
}

export const REAL_TIMERS: Timers = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

export class DelayLine<T> {
  readonly #queue: DelayQueue<T>;
  readonly #deliver: (item: T) => void;
  readonly #timers: Timers;
  #isWaiting = false;

  constructor(queue: DelayQueue<T>, deliver: (item: T) => void, timers: Timers = REAL_TIMERS) {
    this.#queue = queue;
    this.#deliver = deliver;
    this.#timers = timers;
  }

  push(item: T): void {
    this.#queue.push(item, this.#timers.now());
    this.#wait();
  }

  #wait(): void {
    const ms = this.#queue.untilNextMs(this.#timers.now());
    if (ms === undefined || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#timers.after(ms, () => this.#release());
  }

  #release(): void {
    this.#isWaiting = false;
    for (const item of this.#queue.takeDue(this.#timers.now())) this.#deliver(item);
    this.#wait();
  }
}
