/**
 * The viewer's position in the stream: where to resume after a reconnect, and which records are duplicates. Only `seq`
 * decides whether a record is new, so it does not matter how often, and over which connection, it arrives.
 */

import type { Gap, Hello, Joining } from "./protocol.ts";

export class Position {
  #epoch: string | undefined;
  #seq = 0;

  /** `<epoch>:<seq>` of the newest record, or undefined before the first. */
  get text(): string | undefined {
    return this.#seq > 0 ? `${this.#epoch}:${this.#seq}` : undefined;
  }

  /**
   * Resets the position for a new epoch, and for a hub that is behind us and has not resumed from our position, because
   * it has a different history.
   */
  onHello({ epoch, seq, recovered }: Hello, requested: Joining): void {
    const hasResumed = requested !== undefined && "since" in requested && recovered === true;
    if (epoch !== this.#epoch || (seq < this.#seq && !hasResumed)) this.#seq = 0;
    this.#epoch = epoch;
  }

  /**
   * A gap without a range means that the hub does not know our position. Other missing records may still arrive later.
   */
  onGap({ from }: Gap): void {
    if (from === null) this.#seq = 0;
  }

  /** Advances to `seq` if the record is new; returns whether it was. */
  advance(seq: number): boolean {
    if (seq <= this.#seq) return false;
    this.#seq = seq;
    return true;
  }
}
