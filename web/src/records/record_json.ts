/**
 * The record at the crosshair, or else the newest that is drawn, of each topic: whole, as formatted JSON, with every
 * number as the hub has spelled it.
 */

import { LOCALE } from "../locale";
import type { SeriesTrace } from "../player/series_trace";
import { onDemandStrings } from "../strings/on_demand";
import { button, make, write } from "../view/parts";
import { momentText } from "../view/time_format";
import { formatJson } from "./json_format";

const whole = new Intl.NumberFormat(LOCALE);

export class RecordJson {
  readonly #element = make("section", { className: "record-json", ariaLabel: onDemandStrings.json });
  readonly #list = make("div", {});
  #views: readonly RecordView[] = [];

  constructor(host: HTMLElement, onClose: () => void) {
    const close = button(onDemandStrings.close, onClose, "button");
    this.#element.append(close, this.#list);
    this.#element.hidden = true;
    host.append(this.#element);
  }

  get isShown(): boolean {
    return !this.#element.hidden;
  }

  show(isShown: boolean): void {
    this.#element.hidden = !isShown;
  }

  /** Shows the records of these topics from now on. */
  setTopics(records: readonly SeriesTrace[]): void {
    this.#views = records.map((trace) => new RecordView(trace, records.length > 1));
    this.#list.replaceChildren(...this.#views.map(({ element }) => element));
  }

  /** Shows the records that are drawn at `instant`. */
  draw(instant: number): void {
    for (const view of this.#views) view.draw(instant);
  }
}

/** The record of one topic. */
class RecordView {
  readonly element = make("article", {});
  readonly #trace: SeriesTrace;
  readonly #isNamed: boolean;
  readonly #title = make("h3", {});
  /** Can be scrolled, with the keyboard too. */
  readonly #json = make("pre", { tabIndex: 0, ariaLabel: onDemandStrings.json });
  #shown: string | undefined;
  #seq = Number.NaN;

  constructor(trace: SeriesTrace, isNamed: boolean) {
    this.#trace = trace;
    this.#isNamed = isNamed;
    this.element.append(this.#title, this.#json);
    this.#json.setAttribute("role", "region");
  }

  draw(instant: number): void {
    const { subscription, playhead, series } = this.#trace;
    const record = this.#trace.sampleAt(Math.min(instant, playhead));
    if (record === undefined) {
      this.#write(Number.NaN, this.#isNamed ? series.topic : "", onDemandStrings.tableEmpty);
      return;
    }
    const { seq, time } = record;
    if (seq === this.#seq && this.#shown !== undefined) return;
    const text = subscription.textOf(seq);
    const title = onDemandStrings.recordTitle(whole.format(seq), momentText(time, Date.now()));
    this.#write(seq, this.#isNamed ? `${series.topic}: ${title}` : title, text);
  }

  /** Without a text, the record is on its way. */
  #write(seq: number, title: string, text: string | undefined): void {
    this.#seq = seq;
    this.#shown = text;
    write(this.#title, title);
    write(this.#json, text === undefined ? onDemandStrings.recordLoading : formatJson(text));
  }
}
