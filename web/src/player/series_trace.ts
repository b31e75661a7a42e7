/**
 * A series as a trace of the scene: its parts, oldest first. Live samples come from the topic's buffer, earlier ones
 * from its history. Each trace is created once and refilled for every frame.
 */

import type { VisibleRange } from "../history_cache/time_range";
import { SEQS, type Series, type Trace, type TracePart } from "../scene";
import { fillPoint, newestPoint, noPoint, type TracePoint } from "../scene/trace_point";
import { recordAt } from "../topic_buffer/sample_ring";
import type { TopicSubscription } from "./topic_subscription";

export class SeriesTrace implements Trace {
  readonly series: Series;
  readonly subscription: TopicSubscription;
  readonly parts: TracePart[] = [];
  playhead = 0;
  isShown: boolean;
  /** The live samples; the buffer hands out the same table every time. */
  readonly live: TracePart;
  #olderRecords: TracePart | undefined;
  /** The left edge of the view that the parts were filled for. */
  #from = Number.NEGATIVE_INFINITY;
  readonly #point = noPoint();

  constructor(subscription: TopicSubscription, series: Series, column: number, isShown: boolean) {
    this.subscription = subscription;
    this.series = series;
    this.isShown = isShown;
    this.live = { samples: subscription.buffer.samples(), column };
  }

  /** Refills the parts for the visible range; the line ends at `playhead`. */
  fill({ from, to, columns }: VisibleRange, playhead: number): void {
    const { samples } = this.live;
    const begins = samples.begin < samples.end ? (samples.times[samples.begin] as number) : Infinity;
    const isOlderNeeded = begins > from && this.subscription.needsOlder(begins);
    const older = isOlderNeeded
      ? this.subscription.olderSamples(from, Math.min(to, begins), columns, this.series.field)
      : undefined;
    this.parts.length = 0;
    if (older !== undefined) this.parts.push(this.live.column === SEQS ? this.#recordsOf(older) : older);
    if (begins <= to) this.parts.push(this.live);
    this.playhead = playhead;
    this.#from = from;
  }

  /**
   * The drawn point at an instant: the newest sample in view up to there. Without one in view, the newest record, if it
   * has a value: a slow topic has one that was drawn before the left edge. The object is refilled at every call.
   */
  pointAt(instant: number): Readonly<TracePoint> | undefined {
    if (newestPoint(this, instant, this.#from, this.#point)) return this.#point;
    const record = this.sampleAt(Math.min(instant, this.playhead), this.#point);
    return record === undefined || Number.isNaN(record.value) ? undefined : record;
  }

  /** The same samples as records; one object until other samples come. */
  #recordsOf({ samples }: TracePart): TracePart {
    if (this.#olderRecords?.samples !== samples) this.#olderRecords = { samples, column: SEQS };
    return this.#olderRecords;
  }

  /** Like `sampleAt`, but returns only `seq`, or NaN. Does not allocate, as it is called for every frame. */
  seqAt(instant: number): number {
    for (let i = this.parts.length - 1; i >= 0; i -= 1) {
      const { samples } = this.parts[i] as TracePart;
      const row = recordAt(samples, instant);
      if (row >= samples.begin) return samples.seqs[row] as number;
    }
    return Number.NaN;
  }

  /** Like `sampleAt`, but returns only the value, or NaN. Does not allocate, as it is called for every frame. */
  valueAt(instant: number): number {
    return this.sampleAt(instant, this.#point)?.value ?? Number.NaN;
  }

  /** The newest record of the series that is due at `instant`, among those shown; its value may be NaN. */
  sampleAt(instant: number, sample = noPoint()): Readonly<TracePoint> | undefined {
    for (let i = this.parts.length - 1; i >= 0; i -= 1) {
      const part = this.parts[i] as TracePart;
      const row = recordAt(part.samples, instant);
      if (row < part.samples.begin) continue;
      fillPoint(part, row, sample);
      return sample;
    }
    return undefined;
  }
}

/**
 * Notices when a drawn point changes, so that the values beside the chart can follow in the same frame. Asked in every
 * frame; it does not allocate.
 */
export class ShownPoints {
  /** The instants of the points shown last, by index of the trace; NaN for none. */
  readonly #times: number[] = [];
  #traces: readonly SeriesTrace[] = [];
  #pointed: number | undefined;

  /** Whether other points are shown than at the last call; `pointed` is the instant under the crosshair. */
  haveChanged(traces: readonly SeriesTrace[], pointed: number | undefined): boolean {
    let hasChanged = traces !== this.#traces || pointed !== this.#pointed;
    this.#traces = traces;
    this.#pointed = pointed;
    for (let i = 0; i < traces.length; i += 1) {
      const trace = traces[i] as SeriesTrace;
      const point = trace.isShown ? trace.pointAt(pointed ?? Number.POSITIVE_INFINITY) : undefined;
      const time = point?.time ?? Number.NaN;
      hasChanged ||= !Object.is(time, this.#times[i]);
      this.#times[i] = time;
    }
    return hasChanged;
  }
}

/** Assigns colours to series. A series keeps its colour while the page is open, even while others come and go. */
export class Palette {
  readonly #assigned = new Map<string, number>();

  colourOf(key: string): number {
    const known = this.#assigned.get(key);
    if (known !== undefined) return known;
    const colour = this.#assigned.size;
    this.#assigned.set(key, colour);
    return colour;
  }
}
