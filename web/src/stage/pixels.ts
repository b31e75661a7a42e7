/** How fine the screen is. A window that is moved to another one keeps its size in CSS pixels, so that no resize tells. */
export class Pixels {
  #ratio = devicePixelRatio;

  /** Whether it is another one than at the last call. */
  haveChanged(): boolean {
    if (devicePixelRatio === this.#ratio) return false;
    this.#ratio = devicePixelRatio;
    return true;
  }
}
