/**
 * When frames are drawn: the animation loop, with one call per frame while the page is visible and none while it is
 * hidden; the steps of reduced motion; and the changes of the pixel ratio, after which canvases have to be resized.
 * Decides when to draw, never what.
 */

export class FrameLoop {
  readonly #draw: (at: number) => void;
  #request: number | undefined;

  constructor(draw: (at: number) => void) {
    this.#draw = draw;
  }

  start(): void {
    document.addEventListener("visibilitychange", this.#follow);
    this.#follow();
  }

  /** Stops for good. */
  stop(): void {
    document.removeEventListener("visibilitychange", this.#follow);
    if (this.#request !== undefined) cancelAnimationFrame(this.#request);
  }

  readonly #follow = (): void => {
    if (document.hidden) {
      if (this.#request !== undefined) cancelAnimationFrame(this.#request);
      this.#request = undefined;
    } else {
      this.#request ??= requestAnimationFrame(this.#frame);
    }
  };

  readonly #frame = (at: number): void => {
    this.#request = undefined;
    // Requested before drawing: an error in one frame must not end the loop.
    this.#follow();
    this.#draw(at);
  };
}

/** With `prefers-reduced-motion`, the line advances in steps, two per second. */
const REDUCED_STEP_MS = 500;

/**
 * Rounds the instant to show down to a step. Steps are aligned to hub time, so all screens with reduced motion step
 * together.
 */
export function reducedMotionInstant(playhead: number, isReduced: boolean): number {
  return isReduced ? Math.floor(playhead / REDUCED_STEP_MS) * REDUCED_STEP_MS : playhead;
}

/**
 * Watches `devicePixelRatio`. A window moved to another screen keeps its size in CSS pixels, so no resize event fires.
 */
export class PixelRatio {
  #ratio = devicePixelRatio;

  /** Whether the ratio has changed since the last call. */
  hasChanged(): boolean {
    if (devicePixelRatio === this.#ratio) return false;
    this.#ratio = devicePixelRatio;
    return true;
  }
}
