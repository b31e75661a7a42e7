/**
 * Measurements for tools: `globalThis.tickcast`, a plain object that the page overwrites with every frame. Benchmarks
 * and browser tests read from it what is on screen. The page never reads it back, and updating it does not allocate.
 */

import type { Player } from "./player";
import type { Scene } from "./scene";

/** Values of the first visible series, in milliseconds and NaN while unknown, unless a field says otherwise. */
export interface Instruments {
  /** Hub time up to which the last frame drew the line. */
  playhead: number;
  /** `seq` of the newest record in that frame. */
  seq: number;
  /** Hub time minus page time, as estimated for that frame. */
  hubOffset: number;
  /** Upper bound of the error of `hubOffset`. */
  errorMs: number;
  /** The topic's playout delay. */
  delayMs: number;
  /** Publications received live since the page was opened. */
  publications: number;
  /** How many of them arrived after the instant at which they should have been drawn. */
  late: number;
}

declare global {
  var tickcast: Readonly<Instruments> | undefined;
}

export function exposeInstruments(): Instruments {
  const instruments: Instruments = {
    playhead: Number.NaN,
    seq: Number.NaN,
    hubOffset: Number.NaN,
    errorMs: Number.NaN,
    delayMs: Number.NaN,
    publications: 0,
    late: 0,
  };
  globalThis.tickcast = instruments;
  return instruments;
}

/** Records what the frame drawn at page time `at` shows. */
export function updateInstruments(instruments: Instruments, player: Player, scene: Scene, at: number): void {
  const trace = player.leadTrace ?? player.leadRecords;
  if (trace === undefined) return;
  const { subscription } = trace;
  instruments.playhead = Math.min(trace.playhead, scene.to);
  instruments.seq = trace.seqAt(instruments.playhead);
  const hubNow = player.hubNow(at) ?? Number.NaN;
  instruments.hubOffset = hubNow - at;
  instruments.errorMs = player.errorBound(at) ?? Number.NaN;
  instruments.delayMs = subscription.buffer.delayMs(hubNow);
  instruments.publications = subscription.arrivalStats.count;
  instruments.late = subscription.arrivalStats.late;
}
