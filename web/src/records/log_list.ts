/**
 * The texts of the records in view as a list, newest first, up to the crosshair or else to the instant that is drawn.
 * It is not read aloud by itself: that would never end.
 */

import { newestSamples } from "../player/newest_samples";
import type { SeriesTrace } from "../player/series_trace";
import { onDemandStrings } from "../strings/on_demand";
import { pathOf, valueAt } from "../topic_buffer/field_path";
import { labelsOf } from "../view/legend";
import { make } from "../view/parts";
import { momentText } from "../view/time_format";

/** As many as anybody reads before newer ones come. */
const ENTRIES_MAX = 40;
/** A longer text is cut: the whole record is shown elsewhere. */
const TEXT_MAX = 1_000;

/** One text of one record. */
interface LogEntry {
  readonly source: number;
  readonly time: number;
  readonly seq: number;
}

export class LogList {
  /** Can be scrolled, with the keyboard too. */
  readonly #list = make("ol", { className: "log", tabIndex: 0, ariaLabel: onDemandStrings.texts });
  #traces: readonly SeriesTrace[] = [];
  #labels: readonly string[] = [];
  /** The items shown, by field and `seq`; an item without its text is not kept. */
  #items = new Map<string, HTMLElement>();
  #shown = "";

  constructor(host: HTMLElement) {
    this.#list.hidden = true;
    host.append(this.#list);
  }

  /** Shows these texts from now on. */
  setTraces(traces: readonly SeriesTrace[]): void {
    this.#traces = traces;
    this.#labels = labelsOf(traces.map(({ series }) => ({ series, isShown: true, value: undefined })));
    this.#items = new Map();
    this.#shown = "";
    this.#list.hidden = traces.length === 0;
  }

  /** Shows the texts between two instants. */
  draw(from: number, to: number): void {
    const entries = this.#traces
      .flatMap((trace, source) =>
        newestSamples(trace, from, to, ENTRIES_MAX).map(({ time, seq }) => ({ source, time, seq })),
      )
      .sort((one, other) => other.time - one.time)
      .slice(0, ENTRIES_MAX);
    const shown = entries.map(keyOf).join();
    if (shown === this.#shown) return;
    const items = new Map<string, HTMLElement>();
    let isComplete = true;
    const elements = entries.map((entry) => {
      const key = keyOf(entry);
      const { item, isLoaded } = this.#itemOf(entry, this.#items.get(key));
      if (isLoaded) items.set(key, item);
      isComplete &&= isLoaded;
      return item;
    });
    this.#items = items;
    this.#shown = isComplete ? shown : "";
    this.#list.replaceChildren(...elements);
  }

  #itemOf(entry: LogEntry, known: HTMLElement | undefined): { item: HTMLElement; isLoaded: boolean } {
    if (known !== undefined) return { item: known, isLoaded: true };
    const { series, subscription } = this.#traces[entry.source] as SeriesTrace;
    const record = subscription.textOf(entry.seq);
    const text = record === undefined ? undefined : textIn(record, series.field.name);
    const label = this.#traces.length > 1 ? [make("b", {}, this.#labels[entry.source] ?? "")] : [];
    const time = make("time", {}, momentText(entry.time, Date.now()));
    return {
      item: make("li", {}, time, ...label, make("span", {}, text ?? onDemandStrings.recordLoading)),
      isLoaded: text !== undefined,
    };
  }
}

function keyOf({ source, seq }: LogEntry): string {
  return `${source}:${seq}`;
}

/** The text of a field in the JSON of a record. */
function textIn(record: string, name: string | undefined): string {
  const text = String(valueAt(JSON.parse(record), pathOf(name)) ?? "");
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}
