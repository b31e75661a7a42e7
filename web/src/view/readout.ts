/** The readout above the chart: one series with a large value, or the legend of several. */

import { SteadyNumberFormat } from "../number";
import type { Actions, Badge, LegendEntry, ViewState } from "../page";
import { strings } from "../strings";
import { isBehind } from "./badge";
import { Legend, labelsOf, valueText } from "./legend";
import { type Parts, setAttribute, setTextSteadily } from "./parts";
import { momentText, sinceText, windowText } from "./time_format";

/** The badge kinds of a view that follows live, in which records may be missing. */
const FOLLOWING: ReadonlySet<Badge["kind"]> = new Set(["live", "starving", "reconnecting", "offline"]);

export class Readout {
  readonly #parts: Parts;
  readonly #legend: Legend;
  /** The series whose decimals `#number` keeps. */
  #key: string | undefined;
  #number = new SteadyNumberFormat();

  constructor(parts: Parts, actions: Actions) {
    this.#parts = parts;
    this.#legend = new Legend(parts.at("legend"), actions);
  }

  show(state: ViewState): void {
    const { legend, windowMs } = state;
    const isWithoutNumbers = state.notice?.kind === "no-number";
    const [label = isWithoutNumbers ? state.topics.join(", ") : strings.unnamed] = labelsOf(legend);
    const heading = legend.length > 1 ? strings.labelAndMore(label, legend.length - 1) : label;
    this.#parts.write("label", heading);
    setAttribute(
      this.#parts.at("readout"),
      "data-lines",
      legend.length > 1 ? "several" : isWithoutNumbers ? "none" : "one",
    );
    setAttribute(this.#parts.at("chart"), "aria-label", chartName(heading, windowMs));
    this.#showValue(legend.find(({ isShown }) => isShown) ?? legend[0]);
    this.#parts.at("legend").hidden = legend.length < 2;
    this.#legend.show(legend);
    this.#showNumberTexts(legend);
    this.#showRemark(state);
  }

  #showValue(entry: LegendEntry | undefined): void {
    if (entry?.series.key !== this.#key) {
      this.#key = entry?.series.key;
      this.#number = new SteadyNumberFormat();
      setAttribute(this.#parts.at("value"), "data-widest", undefined);
    }
    setTextSteadily(this.#parts.at("value"), valueText(this.#number, entry?.value));
    this.#parts.write("unit", entry?.series.field.unit ?? "");
  }

  /** Names the lines whose numbers are text in the records. */
  #showNumberTexts(legend: readonly LegendEntry[]): void {
    const labels = labelsOf(legend).filter((_, i) => legend[i]?.series.field.isText);
    this.#parts.at("number-texts").hidden = labels.length === 0;
    if (labels.length > 0) this.#parts.write("number-texts", strings.numberTexts(labels.join(", ")));
  }

  /** Shows which instant the values belong to, unless it is live, and why the line does not advance. */
  #showRemark({ at, isPointed, starvingSince, badge }: ViewState): void {
    const isThen = at !== undefined && (isPointed || isBehind(badge));
    const since = !isThen && FOLLOWING.has(badge.kind) ? starvingSince : undefined;
    const instant = isThen ? momentText(at, Date.now()) : "";
    this.#parts.write(
      "remark",
      since === undefined ? instant : strings.noRecordSince(sinceText(since, Date.now())),
    );
    setAttribute(this.#parts.at("remark"), "data-kind", since === undefined ? undefined : "dry");
    setAttribute(this.#parts.at("readout"), "data-stale", since === undefined ? undefined : "");
  }
}

function chartName(label: string, windowMs: number): string {
  return strings.chart(label, strings.lastTime(windowText(windowMs, "long")));
}
