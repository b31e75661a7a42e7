/**
 * Notices that the page's clock stood still, as it may while a machine sleeps: seen beside the wall clock it has
 * fallen back. A wall clock that was set looks the same, and costs no more than a few probes.
 */

/** Above what a browser that coarsens its clocks makes of one instant. */
const JUMP_MS = 100;

export class Standstill {
  #ahead: number | undefined;

  /** Whether it happened since the last call, both clocks in milliseconds. */
  hasHappened(now: number, wall: number): boolean {
    const before = this.#ahead ?? wall - now;
    this.#ahead = wall - now;
    return Math.abs(this.#ahead - before) > JUMP_MS;
  }
}
