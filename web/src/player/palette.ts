/**
 * Which colour a line has. A line keeps its colour for as long as the page is open, also while others come and go.
 */

export class Palette {
  readonly #taken = new Map<string, number>();

  colourOf(key: string): number {
    const known = this.#taken.get(key);
    if (known !== undefined) return known;
    const colour = this.#taken.size;
    this.#taken.set(key, colour);
    return colour;
  }
}
