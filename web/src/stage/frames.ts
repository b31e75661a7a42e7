/**
 * The page's heartbeat: one call per animation frame while somebody can see it, none while nobody can.
 * Decides when to draw, never what.
 */

export class Frames {
  readonly #draw: (at: number) => void;
  #request: number | undefined;

  constructor(draw: (at: number) => void) {
    this.#draw = draw;
  }

  start(): void {
    document.addEventListener("visibilitychange", this.#follow);
    this.#follow();
  }

  /** For good. */
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
    // Requested first: an error in one frame must not be the end of all frames.
    this.#follow();
    this.#draw(at);
  };
}

/** The device asks for little motion: the line then goes on in steps, two a second. */
const REDUCED_STEP_MS = 500;

/** The instant to show in place of `playhead`. All calm screens step together: the steps lie on hub time. */
export function calm(playhead: number, isReduced: boolean): number {
  return isReduced ? Math.floor(playhead / REDUCED_STEP_MS) * REDUCED_STEP_MS : playhead;
}
