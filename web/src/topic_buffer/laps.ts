/**
 * Where a dataset stands: which of its records a publication is, in which lap, and when laps begin. Arithmetic on the
 * segments of the timeline; knows no records.
 */

import { type PlayoutState, recordsPerSecond } from "../client/playout";
import type { TimelineSegment } from "../client/protocol";
import { dueAt } from "./playout_clock";

/** The instant at which a lap begins. */
export interface Seam {
  readonly at: number;
  /** Counted from 1; NaN if unknown. */
  readonly lap: number;
}

/** More in one picture would be a fence, not marks. */
const SEAMS_MAX = 24;

/** The index in a dataset of `len` records, counted from 0. */
export function datasetIndex({ seq0, index0 }: TimelineSegment, len: number, seq: number): number {
  return modulo(index0 + seq - seq0, len);
}

/**
 * The lap, counted from 1. Undefined after the dataset was moved: the segment then does not say how often it has started
 * over.
 */
export function lapOf({ seq0, index0 }: TimelineSegment, len: number, seq: number): number | undefined {
  return modulo(seq0 - 1 - index0, len) === 0 ? Math.floor((seq - 1) / len) + 1 : undefined;
}

/** The seams in a range; refilled for every frame without allocating. */
export class Seams {
  readonly #pool: { at: number; lap: number }[] = [];
  readonly #found: Seam[] = [];

  /**
   * Finds the seams between two instants. Before the first state known, nothing is known about seams either. Empty if
   * there are too many to tell apart.
   */
  find(states: readonly PlayoutState[], len: number, from: number, to: number): readonly Seam[] {
    this.#found.length = 0;
    for (let i = 0; i < states.length; i += 1) {
      const { segment } = states[i] as PlayoutState;
      if (segment === undefined || !segment.playing) continue;
      const begin = Math.max(from, segment.t0 / 1000);
      const end = Math.min(to, states[i + 1]?.at ?? Number.POSITIVE_INFINITY);
      if (begin < end) this.#add(segment, len, begin, end);
    }
    if (this.#found.length > SEAMS_MAX) this.#found.length = 0;
    return this.#found;
  }

  #add(segment: TimelineSegment, len: number, begin: number, end: number): void {
    const { seq0, index0 } = segment;
    const start = dueAt(segment, seq0);
    // The seams of records with time stamps are not known.
    if (start === undefined) return;
    const first = seq0 + Math.max(0, Math.ceil(((begin - start) * recordsPerSecond(segment)) / 1000));
    let seq = first + modulo(-(index0 + first - seq0), len);
    for (; this.#found.length <= SEAMS_MAX; seq += len) {
      const at = dueAt(segment, seq) as number;
      if (at >= end) return;
      // The first record of all follows no other.
      if (seq > 1) this.#push(at, lapOf(segment, len, seq) ?? Number.NaN);
    }
  }

  #push(at: number, lap: number): void {
    const i = this.#found.length;
    const seam = this.#pool[i] ?? { at, lap };
    this.#pool[i] = seam;
    seam.at = at;
    seam.lap = lap;
    this.#found.push(seam);
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
