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
