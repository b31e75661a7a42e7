/**
 * One direction of one connection: what enters leaves later, in the order in which it came, as TCP has it. It keeps
 * account of the delays that were really applied, because timers are late. It starts no timers and reads no clock.
 */

interface Waiting<T> {
  readonly item: T;
  readonly cameAt: number;
  readonly dueAt: number;
}

/** What was done to the chunks of a direction, in milliseconds; one of each a chunk. */
export interface Applied {
  readonly delays: number[];
  /** By how much later than it was due a chunk left: the error of the tool itself. */
  readonly excesses: number[];
}

/** Timers know whole milliseconds; to wait for the rest of one would double the error. */
const EARLY_MS = 0.5;

export class Way<T> {
  readonly #delay: () => number;
  readonly #applied: Applied;
  readonly #waiting: Waiting<T>[] = [];
  #newestDueAt = Number.NEGATIVE_INFINITY;

  constructor(delay: () => number, applied: Applied) {
    this.#delay = delay;
    this.#applied = applied;
  }

  enter(item: T, now: number): void {
    // Behind a chunk that met a spike the others wait too: nothing overtakes.
    this.#newestDueAt = Math.max(now + this.#delay(), this.#newestDueAt);
    this.#waiting.push({ item, cameAt: now, dueAt: this.#newestDueAt });
  }

  /** Until the first is due; undefined when none waits. */
  wait(now: number): number | undefined {
    const [first] = this.#waiting;
    return first && Math.max(0, first.dueAt - now);
  }

  /** Everything that is due, first to last. */
  leave(now: number): T[] {
    const left: T[] = [];
    while (this.#waiting[0] !== undefined && this.#waiting[0].dueAt - now < EARLY_MS) {
      const { item, cameAt, dueAt } = this.#waiting.shift() as Waiting<T>;
      this.#applied.delays.push(now - cameAt);
      this.#applied.excesses.push(now - dueAt);
      left.push(item);
    }
    return left;
  }
}
