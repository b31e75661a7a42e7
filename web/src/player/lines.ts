/**
 * The lines of the scene: for each series its parts, oldest first. What the page has live comes from the timeline; what
 * lies before that, from the history. Each line is made once and filled again for every frame.
 */

import type { Part, Series, Trace } from "../scene";
import { recordAt } from "../timeline/ring";
import type { Channel } from "./channel";

/** The instants that are to be seen, and into how many columns of the screen they go. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly columns: number;
}

/** A record of one series: the newest that is due at an instant. */
export interface Sample {
  readonly time: number;
  readonly value: number;
  readonly seq: number;
}

export class Line implements Trace {
  readonly series: Series;
  readonly channel: Channel;
  readonly parts: Part[] = [];
  playhead = 0;
  isShown: boolean;
  /** What came over the line; the timeline hands out the same table every time. */
  readonly live: Part;

  constructor(channel: Channel, series: Series, place: number, isShown: boolean) {
    this.channel = channel;
    this.series = series;
    this.isShown = isShown;
    this.live = { samples: channel.timeline.samples(), column: place };
  }

  /** Takes what `span` shows of the line, which ends at `playhead`. */
  fill({ from, to, columns }: Span, playhead: number): void {
    const { samples } = this.live;
    const begins = samples.begin < samples.end ? (samples.times[samples.begin] as number) : Infinity;
    const needsOlder = begins > from && this.channel.hasOlder(begins);
    const older = needsOlder
      ? this.channel.older(from, Math.min(to, begins), columns, this.series.field)
      : undefined;
    this.parts.length = 0;
    if (older !== undefined) this.parts.push(older);
    if (begins <= to) this.parts.push(this.live);
    this.playhead = playhead;
  }

  /** Its number alone; NaN: none. Costs no allocation, as every frame asks for it. */
  seqAt(instant: number): number {
    for (let i = this.parts.length - 1; i >= 0; i -= 1) {
      const { samples } = this.parts[i] as Part;
      const row = recordAt(samples, instant);
      if (row >= samples.begin) return samples.seqs[row] as number;
    }
    return Number.NaN;
  }

  /** The newest record of the series that is due at `instant`, among what is shown. */
  sampleAt(instant: number): Sample | undefined {
    for (let i = this.parts.length - 1; i >= 0; i -= 1) {
      const { samples, column } = this.parts[i] as Part;
      const row = recordAt(samples, instant);
      if (row < samples.begin) continue;
      return {
        time: samples.times[row] as number,
        value: samples.columns[column]?.[row] as number,
        seq: samples.seqs[row] as number,
      };
    }
    return undefined;
  }
}
