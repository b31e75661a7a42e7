/**
 * The newest records as the hub spelled them: the texts of the frames in which they arrived, bounded in size. Keeping a
 * text costs nothing while records arrive; a record is looked for in it only when it is to be shown.
 */

import type { Batch, Data } from "../client/protocol";

export interface LoggedFrame {
  readonly message: "data" | "batch";
  readonly text: string;
  /** The first and the last `seq` in it. */
  readonly first: number;
  readonly last: number;
}

/** In characters, about 4 MB: minutes of usual records. At least one frame is kept, however long. */
const LENGTH_MAX = 4 * 1024 * 1024;

export class RecordLog {
  readonly #lengthMax: number;
  #frames: LoggedFrame[] = [];
  /** Frames before this index have been dropped. */
  #begin = 0;
  #length = 0;

  constructor(lengthMax = LENGTH_MAX) {
    this.#lengthMax = lengthMax;
  }

  /** Adds a frame; frames come in order of `seq`. One that brings nothing new is ignored. */
  add(message: Data | Batch, text: string): void {
    const { type, seq: first } = message;
    const last = message.type === "data" ? first : first + message.data.length - 1;
    if (last <= (this.#frames.at(-1)?.last ?? 0)) return;
    this.#frames.push({ message: type, text, first, last });
    this.#length += text.length;
    while (this.#length > this.#lengthMax && this.#begin + 1 < this.#frames.length) {
      this.#length -= (this.#frames[this.#begin] as LoggedFrame).text.length;
      this.#begin += 1;
    }
    // Moving all frames for each one dropped would take longer the more there are.
    if (this.#begin > this.#frames.length / 2) {
      this.#frames = this.#frames.slice(this.#begin);
      this.#begin = 0;
    }
  }

  /** The frame with this record; undefined if it is not kept. */
  frameOf(seq: number): LoggedFrame | undefined {
    let low = this.#begin;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#frames[middle] as LoggedFrame).last < seq) low = middle + 1;
      else high = middle;
    }
    const frame = this.#frames[low];
    return frame !== undefined && frame.first <= seq ? frame : undefined;
  }

  clear(): void {
    this.#frames = [];
    this.#begin = 0;
    this.#length = 0;
  }
}
