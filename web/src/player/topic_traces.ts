/**
 * The traces of one topic: one per field, and one for its records whatever they contain; and the scene as the player
 * composes it of them.
 */

import { type Scene, SEQS } from "../scene";
import { columnName, fieldKey } from "../topic_buffer/field";
import type { SeriesChoices } from "./series_choices";
import { type Palette, SeriesTrace } from "./series_trace";
import type { TopicSubscription } from "./topic_subscription";

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

/** Whether there are records, but nothing of them can be drawn; `lines` are the traces that are. */
export function hasOnlyRecords({ others, records }: PlayerScene, lines: readonly SeriesTrace[]): boolean {
  const hasRecords = records.some(({ subscription }) => subscription.buffer.hasRecords);
  return hasRecords && others.length + lines.length === 0;
}

/** One trace per field that is drawn, in the order of the fields. */
export function fieldTraces(
  subscription: TopicSubscription,
  palette: Palette,
  choices: SeriesChoices,
): SeriesTrace[] {
  const topic = subscription.name ?? "";
  const { fields } = subscription.buffer;
  const drawn = choices.drawn(topic, fields);
  return fields.flatMap((field, column) => {
    if (!drawn.has(columnName(field))) return [];
    const key = fieldKey(topic, field);
    if (field.kind !== undefined)
      return new SeriesTrace(subscription, { key, topic, field, colour: 0 }, column, true);
    const limits = choices.limits.get(key) ?? field.limits;
    const series = { key, topic, field, colour: palette.colourOf(key), limits };
    const isShown = choices.visibility.get(key) ?? true;
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
