/**
 * When to ask the hub for its time: ten quick questions to find the least delay soon, then ever rarer ones, because
 * queues outlast a burst, and at last one now and then, because a million viewers asking each second would be the
 * hub's largest load. Sends through a function and does not see the answers.
 */

const BURST = 10;
/** Twenty a second is just what the hub lets a viewer say. */
const BURST_SPACING_MS = 50;
/** After the burst each wait is a quarter longer than the last: some thirty questions in a minute and a half. */
const REST_GROWTH = 1.25;
const REST_MAX_MS = 20_000;
/** ±25 %, so that viewers who came together do not go on asking together. */
const REST_JITTER = 0.25;

type After = (ms: number, call: () => void) => () => void;

export class Probes {
  readonly #send: () => void;
  readonly #after: After;
  readonly #random: () => number;
  #left = 0;
  #rest = 0;
  #cancel = (): void => {};

  constructor(send: () => void, after: After, random: () => number) {
    this.#send = send;
    this.#after = after;
    this.#random = random;
  }

  /** Begins a burst; one that is under way begins anew, without a question out of turn. */
  burst(): void {
    const isUnderWay = this.#left > 0;
    this.#left = BURST;
    this.#rest = BURST_SPACING_MS;
    if (!isUnderWay) this.#step();
  }

  stop(): void {
    this.#cancel();
    this.#left = 0;
  }

  #step(): void {
    this.#cancel();
    this.#left = Math.max(0, this.#left - 1);
    const wait = this.#left > 0 ? BURST_SPACING_MS : this.#nextRest();
    // First, so that sending may call it off.
    this.#cancel = this.#after(wait, () => this.#step());
    this.#send();
  }

  #nextRest(): number {
    this.#rest = Math.min(REST_MAX_MS, this.#rest * REST_GROWTH);
    return this.#rest * (1 + REST_JITTER * (2 * this.#random() - 1));
  }
}
