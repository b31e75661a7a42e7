/**
 * One direction of one connection: items leave later, in the order in which they came, as with TCP. It records the
 * delays actually applied, because timers are late. It starts no timers and reads no clock.
 */

interface QueuedItem<T> {
  readonly item: T;
  readonly cameAt: number;
  readonly dueAt: number;
}

/** The delays applied in one direction, in milliseconds, one per chunk. */
export interface AppliedDelays {
  readonly delays: number[];
  /** How much later than due each chunk left: the error of the tool itself. */
  readonly excesses: number[];
}

/** Timers have millisecond resolution; waiting for the rest of one would double the error. */
const EARLY_MS = 0.5;

export class DelayQueue<T> {
  readonly #delay: (now: number) => number;
  readonly #applied: AppliedDelays;
  readonly #waiting: QueuedItem<T>[] = [];
  #newestDueAt = Number.NEGATIVE_INFINITY;

  constructor(delay: (now: number) => number, applied: AppliedDelays) {
    this.#delay = delay;
    this.#applied = applied;
  }

  push(item: T, now: number): void {
    // Chunks behind a delayed one wait too, so that nothing overtakes.
    this.#newestDueAt = Math.max(now + this.#delay(now), this.#newestDueAt);
    this.#waiting.push({ item, cameAt: now, dueAt: this.#newestDueAt });
  }

  /** Time until the first item is due; undefined if the queue is empty. */
  untilNextMs(now: number): number | undefined {
    const [first] = this.#waiting;
    return first && Math.max(0, first.dueAt - now);
  }

  /** Removes and returns all items that are due, in order. */
  takeDue(now: number): T[] {
    const left: T[] = [];
    while (this.#waiting[0] !== undefined && this.#waiting[0].dueAt - now < EARLY_MS) {
      const { item, cameAt, dueAt } = this.#waiting.shift() as QueuedItem<T>;
      this.#applied.delays.push(now - cameAt);
      this.#applied.excesses.push(now - dueAt);
      left.push(item);
    }
    return left;
  }
}
