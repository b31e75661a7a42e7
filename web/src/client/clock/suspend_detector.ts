/**
 * Detects that the page's clock stood still, as it may while a machine sleeps: it has then fallen back against the wall
 * clock. A wall clock that was adjusted looks the same, and costs no more than a few probes.
 */

/** More than the jitter of browsers that coarsen their clocks. */
const JUMP_MS = 100;

export class SuspendDetector {
  #ahead: number | undefined;

  /** Whether a suspend happened since the last call; both clocks in milliseconds. */
  wasSuspended(now: number, wall: number): boolean {
    const before = this.#ahead ?? wall - now;
    this.#ahead = wall - now;
    return Math.abs(this.#ahead - before) > JUMP_MS;
  }
}
