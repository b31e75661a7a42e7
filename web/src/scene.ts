/**
 * What one frame shows, as plain data: the border between those who know what is to be seen and those who draw it.
 * The player fills one scene and fills it again for every frame, so that no frame costs an allocation.
 *
 * All instants are hub time in milliseconds since the Unix epoch.
 */

import type { Field } from "./timeline/field";
import type { Samples } from "./timeline/ring";

/** One field of one topic: one line. */
export interface Series {
  /** `topic/field`; it names the line for as long as the page is open. */
  readonly key: string;
  readonly topic: string;
  readonly field: Field;
  /** Its place in the palette, from 0. */
  readonly colour: number;
}

/** A stretch of one line. Tables differ: the newest records and the fetched ones have other columns. */
export interface Part {
  readonly samples: Samples;
  /** The place of the series among the columns. */
  readonly column: number;
}

/** One line of a frame. */
export interface Trace {
  readonly series: Series;
  /** In the order of time; each counts up to where the next begins. Where both touch, the line goes on. */
  readonly parts: readonly Part[];
  /** The instant up to which the line is drawn: nothing is extrapolated beyond it. */
  readonly playhead: number;
}

export interface Scene {
  /** The instants at the left and the right edge. */
  readonly from: number;
  readonly to: number;
  /** Only what is to be drawn, first to last. */
  readonly traces: readonly Trace[];
  /** Whether the lines end at what is now, and not somewhere in the past. */
  readonly isFollowing: boolean;
}
