/** Simulated pages for the tests of the figures: what a page with a given clock would have drawn, frame by frame. */

import { type PageTrace, pageTrace } from "../../../tests/synchrony/figures/page_trace";

export interface SimulatedPage {
  /** How far the page is ahead of the true hub time. */
  readonly aheadMs?: number;
  /** Time of its first frame; later ones follow at 60 Hz. */
  readonly phaseMs?: number;
  readonly errorMs?: number;
  /** Delay from a record's instant to its arrival. */
  readonly pathMs?: number;
}

/** Hub time equals the tool's time here. 100 records per second, drawn 150 ms late, for ten seconds from 1000 ms on. */
export function simulatePage({
  aheadMs = 0,
  phaseMs = 0,
  errorMs = 1,
  pathMs = 20,
}: SimulatedPage): PageTrace {
  const frames: number[] = [];
  for (let at = phaseMs; at < 10_000; at += 1000 / 60) {
    const playhead = 1_000 + at + aheadMs - 150;
    frames.push(at, at, playhead, Math.floor(playhead / 10), 1_000 + at + aheadMs, errorMs, 150, 0);
  }
  const arrivals: number[] = [];
  for (let seq = 100; seq < 1_100; seq += 1) arrivals.push(seq * 10 - 1_000 + pathMs, seq, seq * 10);
  return pageTrace({ frames, arrivals }, 1_000);
}

export const SPAN = { from: 2_000, to: 10_000 };
