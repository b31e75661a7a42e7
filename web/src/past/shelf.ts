/** The fetched pieces, a bounded number of them: what was not looked at for the longest time goes first. */

import type { Field } from "../timeline/field";
import { compare, isEnough, isNeedless, type Piece } from "./piece";
import { overlap, type Wish } from "./range";

export const PIECES_MAX = 64;
/** Some 10 MB with one field, and a hundred screens full of points. */
export const ROWS_MAX = 400_000;

export class Shelf {
  /** Least recently used first: that is the order in which a map goes through its entries. */
  readonly #pieces = new Map<string, Piece>();
  readonly #piecesMax: number;
  #rows = 0;

  constructor(piecesMax = PIECES_MAX) {
    this.#piecesMax = piecesMax;
  }

  get pieces(): number {
    return this.#pieces.size;
  }

  get rows(): number {
    return this.#rows;
  }

  /** In place of what the same question brought before, and of what it shows as well. */
  put(piece: Piece): void {
    this.#drop(piece.query);
    for (const old of this.#pieces.values()) if (isNeedless(old, piece)) this.#drop(old.query);
    this.#pieces.set(piece.query, piece);
    this.#rows += piece.rows;
    for (const query of this.#pieces.keys()) {
      if (this.#pieces.size <= this.#piecesMax && this.#rows <= ROWS_MAX) break;
      if (query !== piece.query) this.#drop(query);
    }
  }

  /** What serves this view best; undefined if nothing does. */
  best(wish: Wish, field: Field["name"]): Piece | undefined {
    let best: Piece | undefined;
    for (const piece of this.#pieces.values()) {
      if (!piece.parts.has(field) || overlap(piece, wish) === 0) continue;
      if (best === undefined || compare(piece, best, wish) < 0) best = piece;
    }
    if (best !== undefined) this.#use(best);
    return best;
  }

  hasEnough(wish: Wish, field: Field["name"], now: number): boolean {
    for (const piece of this.#pieces.values()) {
      if (piece.parts.has(field) && isEnough(piece, wish, now)) return true;
    }
    return false;
  }

  clear(): void {
    this.#pieces.clear();
    this.#rows = 0;
  }

  #use(piece: Piece): void {
    this.#pieces.delete(piece.query);
    this.#pieces.set(piece.query, piece);
  }

  #drop(query: string): void {
    this.#rows -= this.#pieces.get(query)?.rows ?? 0;
    this.#pieces.delete(query);
  }
}
