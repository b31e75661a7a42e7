/** The fetched tiles, bounded in number and size; the least recently used are evicted. */

import type { fieldId } from "../topic_buffer/field";
import { compareTiles, isSufficient, isSuperseded, type Tile } from "./tile";
import { overlap, type VisibleRange } from "./time_range";

export const TILES_MAX = 64;
/** About 10 MB with one field, or a hundred screens full of points. */
export const ROWS_MAX = 400_000;

export class TileStore {
  /** Least recently used first, relying on the insertion order of maps. */
  readonly #tiles = new Map<string, Tile>();
  readonly #maxTiles: number;
  #rows = 0;

  constructor(maxTiles = TILES_MAX) {
    this.#maxTiles = maxTiles;
  }

  get tiles(): number {
    return this.#tiles.size;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Replaces the tile of the same query, and tiles that the new one supersedes. */
  put(tile: Tile): void {
    this.#drop(tile.query);
    for (const old of this.#tiles.values()) if (isSuperseded(old, tile)) this.#drop(old.query);
    this.#tiles.set(tile.query, tile);
    this.#rows += tile.rows;
    for (const query of this.#tiles.keys()) {
      if (this.#tiles.size <= this.#maxTiles && this.#rows <= ROWS_MAX) break;
      if (query !== tile.query) this.#drop(query);
    }
  }

  /** The tile that serves this view best; undefined if none overlaps it. */
  best(range: VisibleRange, field: ReturnType<typeof fieldId>): Tile | undefined {
    let best: Tile | undefined;
    for (const tile of this.#tiles.values()) {
      if (!tile.parts.has(field) || overlap(tile, range) === 0) continue;
      if (best === undefined || compareTiles(tile, best, range) < 0) best = tile;
    }
    if (best !== undefined) this.#touch(best);
    return best;
  }

  hasEnough(range: VisibleRange, field: ReturnType<typeof fieldId>, now: number): boolean {
    for (const tile of this.#tiles.values()) {
      if (tile.parts.has(field) && isSufficient(tile, range, now)) return true;
    }
    return false;
  }

  clear(): void {
    this.#tiles.clear();
    this.#rows = 0;
  }

  #touch(tile: Tile): void {
    this.#tiles.delete(tile.query);
    this.#tiles.set(tile.query, tile);
  }

  #drop(query: string): void {
    this.#rows -= this.#tiles.get(query)?.rows ?? 0;
    this.#tiles.delete(query);
  }
}
