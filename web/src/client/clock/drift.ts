/**
 * How fast the page's clock and the hub's part, and how sure that is: read off the delays of what arrives, whose
 * least in each few seconds lie on a line. Knows no offset, and nothing of the other direction.
 */

/** Two quartz clocks part by no more than about this: 50 millionths. */
const DRIFT_MAX = 50e-6;
/** No line is trusted further than this; quartz wanders with its temperature. */
const DOUBT_MIN = 5e-6;
/** Standard errors of the slope that count as sure. */
const SURE = 3;
const SLOT_MS = 5_000;
/** Twenty seconds: over less, one queue that empties looks like a drift. */
const SLOTS_MIN = 4;
/** Two minutes. */
const SLOTS_MAX = 24;

interface Least {
  delay: number;
  at: number;
  readonly until: number;
}

export class Drift {
  /** Hub milliseconds gained for each millisecond of page time. */
  rate = 0;
  /** By how much `rate` may be wrong. */
  doubt = DRIFT_MAX;
  #slots: Least[] = [];

  /** A delay towards the page: it shrinks while the hub's clock gains. */
  offer(delay: number, at: number): void {
    const slot = this.#slots.at(-1);
    if (slot === undefined || at >= slot.until) {
      this.#fit();
      this.#slots.push({ delay, at, until: at + SLOT_MS });
      if (this.#slots.length > SLOTS_MAX) this.#slots.shift();
    } else if (delay < slot.delay) {
      slot.delay = delay;
      slot.at = at;
    }
  }

  forget(): void {
    this.#slots = [];
    this.#trust(0, DRIFT_MAX);
  }

  /** Least squares over whole slots. */
  #fit(): void {
    const count = this.#slots.length;
    if (count < SLOTS_MIN) return;
    const mean = (read: (slot: Least) => number) =>
      this.#slots.reduce((sum, slot) => sum + read(slot), 0) / count;
    const midAt = mean(({ at }) => at);
    const midDelay = mean(({ delay }) => delay);
    const spread = mean(({ at }) => (at - midAt) ** 2);
    const slope = mean(({ at, delay }) => (at - midAt) * (delay - midDelay)) / spread;
    const noise = mean(({ at, delay }) => (delay - midDelay - slope * (at - midAt)) ** 2);
    const doubt = SURE * Math.sqrt(noise / spread / (count - 2));
    // A slope that no quartz has is a path that changes, and tells nothing of the clocks.
    if (doubt < DRIFT_MAX && Math.abs(slope) <= DRIFT_MAX + doubt)
      this.#trust(-slope, Math.max(doubt, DOUBT_MIN));
    else this.#trust(0, DRIFT_MAX);
  }

  #trust(rate: number, doubt: number): void {
    this.rate = rate;
    this.doubt = doubt;
  }
}
