/**
 * When to ask the hub for its time: ten quick questions to find the least delay soon, then one now and
 * then, because a million viewers asking each second would be the hub's largest load. Sends through a
 * function and does not see the answers.
 */

const BURST = 10;
/** Twenty a second is just what the hub lets a viewer say. */
const BURST_SPACING_MS = 50;
const REST_MS = 20_000;
/** ±25 %, so that viewers who came together do not go on asking together. */
const REST_JITTER = 0.25;

type After = (ms: number, call: () => void) => () => void;

export class Probes {
  readonly #send: () => void;
  readonly #after: After;
  readonly #random: () => number;
  #left = 0;
  #cancel = (): void => {};

  constructor(send: () => void, after: After, random: () => number) {
    this.#send = send;
    this.#after = after;
    this.#random = random;
  }

  /** Begins a burst, unless one is under way. */
  burst(): void {
    if (this.#left > 0) return;
    this.#left = BURST;
    this.#step();
  }

  stop(): void {
    this.#cancel();
    this.#left = 0;
  }

  #step(): void {
    this.#cancel();
    this.#send();
    this.#left = Math.max(0, this.#left - 1);
    this.#cancel = this.#after(this.#left > 0 ? BURST_SPACING_MS : this.#rest(), () => this.#step());
  }

  #rest(): number {
    return REST_MS * (1 + REST_JITTER * (2 * this.#random() - 1));
  }
}
