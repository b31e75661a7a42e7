/**
 * The hub's time by the wall clock, which alone goes on while a page is loaded anew or the machine sleeps. People and
 * time servers set it, so it only ever tells how long ago something was, and never what is drawn.
 */

/** One instant on two clocks, in milliseconds since the Unix epoch. */
export interface Mark {
  readonly hubAt: number;
  readonly wallAt: number;
}

export class WallClock {
  #mark: Mark | undefined;

  mark(mark: Mark): void {
    this.#mark = mark;
  }

  /**
   * The hub's time at `wallNow`, or at page time as `paged` has it, whichever is later: the page's clock loses
   * what the machine sleeps, a wall clock what it is set back. Undefined if neither is known.
   */
  latest(wallNow: number, paged: number | undefined): number | undefined {
    const elapsed = this.#mark === undefined ? -1 : wallNow - this.#mark.wallAt;
    const walled = this.#mark === undefined || elapsed < 0 ? undefined : this.#mark.hubAt + elapsed;
    return walled === undefined || (paged !== undefined && paged > walled) ? paged : walled;
  }
}
