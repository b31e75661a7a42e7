/**
 * One frame as plain data: the interface between the player, which decides what is visible, and the chart, which draws
 * it. The player refills one scene for every frame, so that frames do not allocate.
 *
 * All instants are hub time in milliseconds since the Unix epoch.
 */

import type { AxisLimits } from "./topic_buffer/axis_limits";
import type { Field } from "./topic_buffer/field";
import type { Seam } from "./topic_buffer/laps";
import type { Samples } from "./topic_buffer/sample_ring";

/** One field of one topic, drawn as one line. */
export interface Series {
  /** `topic/field`; identifies the series for as long as the page is open. */
  readonly key: string;
  readonly topic: string;
  readonly field: Field;
  /** Its name beside all others, which it differs from; undefined until these are known. */
  label?: string | undefined;
  /** Index into the palette. */
  readonly colour: number;
  /** Fixed ends of its axis and thresholds, if any: those chosen on this page, else the operator's. */
  readonly limits?: AxisLimits | undefined;
}

/** A stretch of one line. Live and fetched records come from different tables, with different columns. */
export interface TracePart {
  readonly samples: Samples;
  /** Index of the series among the columns of `samples`; of a trace of records, `SEQS`. */
  readonly column: number;
  /** Whether records are missing: only extremes are here, whose line looks the same. */
  readonly isDecimated?: boolean;
}

/** The column of a trace of records: its values are their `seq`. */
export const SEQS = -1;

/** The values of a part; undefined if there are none. */
export function valuesOf({ samples, column }: TracePart): Float64Array | undefined {
  return column === SEQS ? samples.seqs : samples.columns[column];
}

/** One line of a frame. */
export interface Trace {
  readonly series: Series;
  /** In order of time; each is drawn up to where the next one begins. Adjacent parts are connected. */
  readonly parts: readonly TracePart[];
  /** The instant up to which the line is drawn; nothing is extrapolated beyond it. */
  readonly playhead: number;
}

export interface Scene {
  /** The instants at the left and right edges. */
  readonly from: number;
  readonly to: number;
  /** Visible lines only, in legend order. */
  readonly traces: readonly Trace[];
  /** What is not a number: states, texts and arrays; each sample is what its field says. */
  readonly others?: readonly Trace[];
  /** One per topic, with a sample for each record, whatever it contains. */
  readonly records?: readonly Trace[];
  /** Where the lead topic's dataset starts over. */
  readonly seams: readonly Seam[];
  /** Whether the view follows live. */
  readonly isFollowing: boolean;
}
