/**
 * Statistics of a range of a series: its lowest and highest value, their mean, and how many there are. Computed from all
 * records: from the samples at hand if none is missing, else from the hub's history.
 */

import { type Api, topicPath } from "../client/api";
import type { Json } from "../client/protocol";
import { parseExact } from "../exact_json";
import type { TimeRange } from "../history_cache/time_range";
import { requestFrom } from "../hub_request";
import type { SeriesStatistics, ShownValue } from "../page";
import type { Player } from "../player";
import type { TracePart } from "../scene";
import { nextPartStart } from "../scene/trace_point";
import { type Field, readField, readSpelling } from "../topic_buffer/field";
import { indexAt, spellingAt } from "../topic_buffer/sample_ring";
import type { SeriesTrace } from "./series_trace";

export interface Statistics {
  readonly count: number;
  /** Undefined without values. */
  readonly min: ShownValue | undefined;
  readonly max: ShownValue | undefined;
  readonly mean: number | undefined;
}

/** Records per request. */
const PAGE_ROWS = 10_000;
/** More would take minutes. */
const PAGES_MAX = 100;

/** The statistics of the visible series in a range. */
export async function rangeStatistics(
  api: Api,
  player: Player,
  { from, to }: TimeRange,
): Promise<SeriesStatistics> {
  const traces = player.traces.filter(({ isShown }) => isShown);
  const found = new Map<SeriesTrace, Statistics | undefined>();
  for (const trace of traces) found.set(trace, statisticsAtHand(trace, { from, to }));
  // Looked up before anything is awaited: the parts of a trace change with every frame.
  const entries = traces.map((trace) => ({ trace, value: trace.pointAt(Number.POSITIVE_INFINITY)?.value }));
  const topics = new Set(
    traces.filter((trace) => found.get(trace) === undefined).map(({ series }) => series.topic),
  );
  for (const topic of topics) {
    const missing = traces.filter((trace) => trace.series.topic === topic && found.get(trace) === undefined);
    const fields = missing.map(({ series }) => series.field);
    // The line ends at the playhead, and so does what is counted.
    const until = Math.min(to, ...missing.map(({ playhead }) => playhead));
    const fetched = await fetchStatistics(api, topic, fields, { from, to: until });
    for (const [i, trace] of missing.entries()) found.set(trace, fetched?.[i]);
  }
  const rows = entries.map(({ trace, value }) => ({
    entry: { series: trace.series, isShown: true, value },
    statistics: found.get(trace),
  }));
  return { from, to, rows };
}

/** Gathers values one by one. */
export class StatisticsBuilder {
  #count = 0;
  #mean = 0;
  #min: ShownValue | undefined;
  #max: ShownValue | undefined;

  /** Adds a value; NaN counts as none. */
  add(value: number, spelling: string | undefined): void {
    if (Number.isNaN(value)) return;
    this.#count += 1;
    // Not as a sum, which may be too large for a number.
    this.#mean += value / this.#count - this.#mean / this.#count;
    if (this.#min === undefined || value < this.#min.value) this.#min = { value, spelling };
    if (this.#max === undefined || value > this.#max.value) this.#max = { value, spelling };
  }

  get result(): Statistics {
    const mean = this.#count === 0 ? undefined : this.#mean;
    return { count: this.#count, min: this.#min, max: this.#max, mean };
  }
}

/** The statistics of the samples at hand; undefined if some records of the range are not among them. */
export function statisticsAtHand(trace: SeriesTrace, { from, to }: TimeRange): Statistics | undefined {
  const builder = new StatisticsBuilder();
  if (!reachesBack(trace, from)) return undefined;
  for (let i = 0; i < trace.parts.length; i += 1) {
    const part = trace.parts[i] as TracePart;
    const { samples, column } = part;
    const limit = nextPartStart(trace.parts, i);
    const first = Math.max(samples.begin, indexAt(samples, from));
    for (let row = first; row < samples.end; row += 1) {
      const time = samples.times[row] as number;
      if (time > to || time > trace.playhead || time >= limit) break;
      if (time < from) continue;
      if (part.isDecimated) return undefined;
      builder.add(samples.columns[column]?.[row] ?? Number.NaN, spellingAt(samples, column, row));
    }
  }
  return builder.result;
}

/** Whether the samples at hand begin where the range does, or where the topic does. */
function reachesBack({ parts, subscription }: SeriesTrace, from: number): boolean {
  const [first] = parts;
  if (first === undefined || first.samples.begin === first.samples.end) return false;
  const begins = first.samples.times[first.samples.begin] as number;
  return begins <= from || begins <= (subscription.oldest ?? Number.NEGATIVE_INFINITY);
}

interface HistoryPage {
  readonly items: readonly { readonly data: Json }[];
  readonly next: number | null;
}

/** The statistics of fields of a topic, computed from the hub's history; undefined if that failed. */
export async function fetchStatistics(
  api: Api,
  topic: string,
  fields: readonly Field[],
  { from, to }: TimeRange,
): Promise<readonly Statistics[] | undefined> {
  const builders = fields.map(() => new StatisticsBuilder());
  let start = `from_t=${Math.round(from * 1000)}`;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = `${start}&to_t=${Math.round(to * 1000)}&limit=${PAGE_ROWS}&format=json`;
    const { reply } = requestFrom(api, `${topicPath(topic)}/history?${query}`, async (response) =>
      parseExact(await response.text()),
    );
    const outcome = await reply;
    if (outcome.kind !== "answer") return undefined;
    const { items, next } = outcome.answer as HistoryPage;
    for (const item of items)
      for (const [i, field] of fields.entries())
        builders[i]?.add(
          readField(item.data, field),
          readSpelling(item.data, field, { holder: item, key: "data" }),
        );
    if (next === null) return builders.map(({ result }) => result);
    start = `from=${next}`;
  }
  return undefined;
}
