/**
 * Assigns colours to series. A series keeps its colour for as long as the page is open, even while others come and go.
 */

export class Palette {
  readonly #assigned = new Map<string, number>();

  colourOf(key: string): number {
    const known = this.#assigned.get(key);
    if (known !== undefined) return known;
    const colour = this.#assigned.size;
    this.#assigned.set(key, colour);
    return colour;
  }
}
