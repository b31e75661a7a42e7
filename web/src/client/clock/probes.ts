/**
 * When the clock is measured.
 *
 * The schedule of probes: a burst of ten to find the minimum delay quickly, then increasingly rare ones because queues
 * outlast a burst, and finally one every 20 s, because a million viewers probing every second would be the hub's largest
 * load. It sends through a callback and does not see the answers.
 *
 * And the detector of a suspended machine, after which earlier measurements are void.
 */

const BURST = 10;
/** 20 per second, the rate that the hub allows a viewer. */
const BURST_SPACING_MS = 50;
/** After the burst each wait is a quarter longer than the last: about 30 probes in a minute and a half. */
const REST_GROWTH = 1.25;
const REST_MAX_MS = 20_000;
/** ±25 %, so that viewers that joined together do not keep probing together. */
const REST_JITTER = 0.25;

/** A difference between page time and wall clock beyond the jitter of browsers that coarsen their clocks. */
const JUMP_MS = 100;

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

  /** Starts a burst, or restarts a running one without sending an extra probe. */
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
    // Scheduled before sending, because sending may call `stop`.
    this.#cancel = this.#after(wait, () => this.#step());
    this.#send();
  }

  #nextRest(): number {
    this.#rest = Math.min(REST_MAX_MS, this.#rest * REST_GROWTH);
    return this.#rest * (1 + REST_JITTER * (2 * this.#random() - 1));
  }
}

/**
 * Detects that the page's clock stood still, as it may while a machine sleeps: it has then fallen back against the wall
 * clock. A wall clock that was adjusted looks the same, and costs no more than a few probes.
 */
export class SuspendDetector {
  #ahead: number | undefined;

  /** Whether a suspend happened since the last call; both clocks in milliseconds. */
  wasSuspended(now: number, wall: number): boolean {
    const before = this.#ahead ?? wall - now;
    this.#ahead = wall - now;
    return Math.abs(this.#ahead - before) > JUMP_MS;
  }
}
