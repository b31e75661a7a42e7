/**
 * The traces of one topic: one per field, and one for its records whatever they contain; and the scene as the player
 * composes it of them.
 */

import { type Scene, SEQS, type Trace, type TracePart, valuesOf } from "../scene";
import type { AxisLimits } from "../topic_buffer/axis_limits";
import { fieldKey } from "../topic_buffer/field";
import { indexAt } from "../topic_buffer/sample_ring";
import { type Palette, SeriesTrace } from "./series_trace";
import type { TopicSubscription } from "./topic_subscription";

/** Lines shown by default: more cannot be told apart. Further ones are available but hidden. */
const SHOWN_BY_DEFAULT_MAX = 8;

/** The scene with the subscription behind each trace. */
export interface PlayerScene extends Scene {
  readonly traces: readonly SeriesTrace[];
  readonly others: readonly SeriesTrace[];
  readonly records: readonly SeriesTrace[];
}

/** Whether the trace is a line, as opposed to states, texts or arrays. */
export function isLine({ series: { field } }: SeriesTrace): boolean {
  return field.kind === undefined;
}

/** What the user has chosen, by key of the series. */
export interface SeriesChoices {
  /** Series shown or hidden. */
  readonly visibility: ReadonlyMap<string, boolean>;
  /** Axis limits that replace the operator's. */
  readonly limits: ReadonlyMap<string, AxisLimits>;
}

/** One trace per field, in the order of the fields. */
export function fieldTraces(
  subscription: TopicSubscription,
  palette: Palette,
  choices: SeriesChoices,
): SeriesTrace[] {
  const topic = subscription.name ?? "";
  let lines = 0;
  return subscription.buffer.fields.map((field, column) => {
    const key = fieldKey(topic, field);
    if (field.kind !== undefined)
      return new SeriesTrace(subscription, { key, topic, field, colour: 0 }, column, true);
    lines += 1;
    const limits = choices.limits.get(key) ?? field.limits;
    const series = { key, topic, field, colour: palette.colourOf(key), limits };
    const isShown = choices.visibility.get(key) ?? lines <= SHOWN_BY_DEFAULT_MAX;
    return new SeriesTrace(subscription, series, column, isShown);
  });
}

/** The records of a topic. Earlier ones come with its first field: a topic without any has no history to draw. */
export function recordTrace(subscription: TopicSubscription): SeriesTrace {
  const topic = subscription.name ?? "";
  const [field = { name: undefined, label: undefined, unit: undefined }] = subscription.buffer.fields;
  return new SeriesTrace(subscription, { key: topic, topic, field, colour: 0 }, SEQS, true);
}

/** The `seq` of the newest record, if a picture up to this instant shows it; else 0. */
export function newestBefore({ buffer: { newest } }: TopicSubscription, instant: number): number {
  return newest !== undefined && newest.time < instant ? newest.seq : 0;
}

/** A sample of a trace: of a trace of records, the value is their `seq`. */
export interface TraceSample {
  readonly time: number;
  readonly value: number;
  readonly seq: number;
}

/** The newest samples with a value between `from` and `to`, at most `count`, newest first. */
export function newestSamples(trace: Trace, from: number, to: number, count: number): TraceSample[] {
  const found: TraceSample[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (let i = trace.parts.length - 1; i >= 0; i -= 1) {
    const part = trace.parts[i] as TracePart;
    const { samples } = part;
    const values = valuesOf(part);
    let row = indexAt(samples, Math.min(to, trace.playhead));
    while (row >= samples.begin && (samples.times[row] as number) >= limit) row -= 1;
    for (; row >= samples.begin && found.length < count; row -= 1) {
      const time = samples.times[row] as number;
      if (time < from) break;
      const value = values?.[row] ?? Number.NaN;
      if (!Number.isNaN(value)) found.push({ time, value, seq: samples.seqs[row] as number });
    }
    // Each part counts up to where the next one begins.
    if (samples.begin < samples.end) limit = samples.times[samples.begin] as number;
  }
  return found;
}
