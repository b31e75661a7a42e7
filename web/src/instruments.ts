/**
 * A read-out for tools: `globalThis.tickcast`, a plain object whose numbers the page overwrites as it draws. Who measures
 * the page, or automates it, reads there what is on the screen without touching the screen. Nothing here is read back
 * by the page, and no frame allocates for it.
 */

import type { Player } from "./player";
import type { Scene } from "./scene";

/** Of the first line shown. Milliseconds, and NaN while unknown, unless a field says otherwise. */
export interface Instruments {
  /** Hub time up to which the line was drawn in the last frame. */
  playhead: number;
  /** Number of the newest record in that frame. */
  seq: number;
  /** Hub time less page time, as that frame took it to be. */
  hubOffset: number;
  /** How far off `hubOffset` can be at most. */
  errorMs: number;
  /** The group's delay. */
  delayMs: number;
  /** Publications that arrived live, counted since the page was opened. */
  publications: number;
  /** Those of them that arrived after their instant was to be drawn. */
  late: number;
}

declare global {
  var tickcast: Readonly<Instruments> | undefined;
}

export function expose(): Instruments {
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

/** Notes what a frame shows that was drawn at page time `at`. */
export function note(instruments: Instruments, player: Player, scene: Scene, at: number): void {
  const line = player.leadLine;
  if (line === undefined) return;
  const { channel } = line;
  instruments.playhead = Math.min(line.playhead, scene.to);
  instruments.seq = line.seqAt(instruments.playhead);
  instruments.hubOffset = (player.hubNow(at) ?? Number.NaN) - at;
  instruments.errorMs = channel.client.clock.errorBound(at) ?? Number.NaN;
  instruments.delayMs = channel.timeline.delayMs;
  instruments.publications = channel.arrivals.count;
  instruments.late = channel.arrivals.late;
}
