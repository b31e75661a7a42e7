/** Pages for the tests of the figures: what they would have seen with a given clock, drawn frame by frame. */

import { type Seen, seenBy } from "../../../tests/synchrony/figures/seen";

export interface Imagined {
  /** By how much the page is ahead of the true hub time. */
  readonly aheadMs?: number;
  /** When its first frame is; later ones follow 60 times a second. */
  readonly phaseMs?: number;
  readonly errorMs?: number;
  /** From the instant of a record to its arrival. */
  readonly pathMs?: number;
}

/** Hub time is the tool's time here. A hundred records a second, drawn 150 ms late, for ten seconds from 1000 ms on. */
export function imagine({ aheadMs = 0, phaseMs = 0, errorMs = 1, pathMs = 20 }: Imagined): Seen {
  const frames: number[] = [];
  for (let at = phaseMs; at < 10_000; at += 1000 / 60) {
    const playhead = 1_000 + at + aheadMs - 150;
    frames.push(at, at, playhead, Math.floor(playhead / 10), 1_000 + at + aheadMs, errorMs, 150, 0);
  }
  const arrivals: number[] = [];
  for (let seq = 100; seq < 1_100; seq += 1) arrivals.push(seq * 10 - 1_000 + pathMs, seq, seq * 10);
  return seenBy({ frames, arrivals }, 1_000);
}

export const SPAN = { from: 2_000, to: 10_000 };
