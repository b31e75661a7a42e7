/**
 * The hub's time derived from the wall clock, which is the only clock that keeps running while a page reloads or the
 * machine sleeps. Users and time servers adjust it, so it only says how long ago something was, never what is drawn.
 */

/** One instant on two clocks, in milliseconds since the Unix epoch. */
export interface ClockReading {
  readonly hubAt: number;
  readonly wallAt: number;
}

export class WallClock {
  #reading: ClockReading | undefined;

  set(reading: ClockReading): void {
    this.#reading = reading;
  }

  /**
   * The hub's time according to the wall clock at `wallNow`, or `paged`, the time according to the page's clock,
   * whichever is later: the page's clock loses the time the machine sleeps, a wall clock loses what it is set back.
   * Undefined if neither is known.
   */
  latest(wallNow: number, paged: number | undefined): number | undefined {
    const elapsed = this.#reading === undefined ? -1 : wallNow - this.#reading.wallAt;
    const walled = this.#reading === undefined || elapsed < 0 ? undefined : this.#reading.hubAt + elapsed;
    return walled === undefined || (paged !== undefined && paged > walled) ? paged : walled;
  }
}
