/**
 * Up to where this viewer has the stream: what it asks for when it comes back, and what it need not be told again.
 * Only `seq` decides what is new, so it does not matter how often, and from which connection, a record comes.
 */

import type { Gap, Hello, Joining } from "./protocol.ts";

export class Position {
  #epoch: string | undefined;
  #seq = 0;

  /** `<epoch>:<seq>` of the newest record, or undefined before the first. */
  get text(): string | undefined {
    return this.#seq > 0 ? `${this.#epoch}:${this.#seq}` : undefined;
  }

  /** Another epoch begins anew; and a hub that stands behind us, and has not resumed our position, has another past. */
  greet({ epoch, seq, recovered }: Hello, asked: Joining): void {
    const hasResumed = asked !== undefined && "since" in asked && recovered === true;
    if (epoch !== this.#epoch || (seq < this.#seq && !hasResumed)) this.#seq = 0;
    this.#epoch = epoch;
  }

  /** Without a range the position itself was worthless. What else is announced may still come, another time. */
  miss({ from }: Gap): void {
    if (from === null) this.#seq = 0;
  }

  /** Whether the record `seq` is new; then it is the newest. */
  advance(seq: number): boolean {
    if (seq <= this.#seq) return false;
    this.#seq = seq;
    return true;
  }
}
