/** The readout above the chart: one series with a large value, or the legend of several. */

import { SteadyNumberFormat } from "../number";
import type { Actions, Badge, LegendEntry, Reading, ViewState } from "../page";
import { strings } from "../strings";
import { isBehind } from "./badge";
import { Legend, labelsOf, thresholdWord, valueText } from "./legend";
import { type Parts, setAttribute, setTextSteadily } from "./parts";
import { momentText, sinceText, windowText } from "./time_format";

/** The badge kinds of a view that follows live, in which records may be missing. */
const FOLLOWING: ReadonlySet<Badge["kind"]> = new Set(["live", "starving", "reconnecting", "offline"]);

/** What the remark depends on beside the reading. */
type RemarkState = Pick<ViewState, "starvingSince" | "lostSince" | "badge">;

export class Readout {
  readonly #parts: Parts;
  readonly #legend: Legend;
  /** The series whose decimals `#number` keeps. */
  #key: string | undefined;
  #number = new SteadyNumberFormat();
  #state: RemarkState | undefined;

  constructor(parts: Parts, actions: Actions) {
    this.#parts = parts;
    this.#legend = new Legend(parts.at("legend"), actions);
  }

  show(state: ViewState): void {
    const { legend, windowMs } = state;
    this.#state = state;
    const isWithoutNumbers = state.notice?.kind === "no-number";
    // The legend also leads to the columns that are not drawn.
    const hasLegend = legend.length > 1 || (!isWithoutNumbers && state.columns.drawn < state.columns.all);
    const [label = isWithoutNumbers ? state.topics.join(", ") : strings.unnamed] = labelsOf(legend);
    const heading = legend.length > 1 ? strings.labelAndMore(label, legend.length - 1) : label;
    this.#parts.write("label", heading);
    setAttribute(
      this.#parts.at("readout"),
      "data-lines",
      hasLegend ? "several" : isWithoutNumbers ? "none" : "one",
    );
    setAttribute(this.#parts.at("chart"), "aria-label", chartName(heading, windowMs));
    this.#parts.at("legend").hidden = !hasLegend;
    this.#legend.show(state);
    this.#showNumberTexts(legend);
    this.showReading(state);
  }

  /** Updates the values, in the frame that draws their points. */
  showReading(reading: Reading): void {
    const { legend } = reading;
    this.#showValue(legend.find(({ isShown }) => isShown) ?? legend[0]);
    this.#legend.showValues(legend);
    if (this.#state !== undefined) this.#showRemark(reading, this.#state);
  }

  #showValue(entry: LegendEntry | undefined): void {
    if (entry?.series.key !== this.#key) {
      this.#key = entry?.series.key;
      this.#number = new SteadyNumberFormat();
      setAttribute(this.#parts.at("value"), "data-widest", undefined);
    }
    setTextSteadily(this.#parts.at("value"), valueText(this.#number, entry));
    this.#parts.write("unit", entry?.series.field.unit ?? "");
    this.#parts.write("alarm", entry === undefined ? "" : thresholdWord(entry));
  }

  /** Names the lines whose numbers are text in the records. */
  #showNumberTexts(legend: readonly LegendEntry[]): void {
    const labels = labelsOf(legend).filter((_, i) => legend[i]?.series.field.isText);
    this.#parts.at("number-texts").hidden = labels.length === 0;
    if (labels.length > 0) this.#parts.write("number-texts", strings.numberTexts(labels.join(", ")));
  }

  /** Shows which instant the values belong to, unless it is live, and why the line does not advance. */
  #showRemark({ at, isPointed }: Reading, state: RemarkState): void {
    const { badge } = state;
    const isThen = at !== undefined && (isPointed || isBehind(badge));
    const standstill = isThen ? undefined : standstillText(state);
    const instant = isThen ? momentText(at, Date.now()) : "";
    this.#parts.write("remark", standstill ?? instant);
    setAttribute(this.#parts.at("remark"), "data-kind", standstill === undefined ? undefined : "dry");
    setAttribute(this.#parts.at("readout"), "data-stale", standstill === undefined ? undefined : "");
  }
}

/** Since when the line of a view that follows live does not advance; undefined if it does. */
function standstillText({ badge, starvingSince, lostSince }: RemarkState): string | undefined {
  if (!FOLLOWING.has(badge.kind)) return undefined;
  // Without a connection no record arrives either: the connection is the cause.
  if (lostSince !== undefined) return strings.noHubSince(sinceText(lostSince, Date.now()));
  return starvingSince === undefined
    ? undefined
    : strings.noRecordSince(sinceText(starvingSince, Date.now()));
}

function chartName(label: string, windowMs: number): string {
  return strings.chart(label, strings.lastTime(windowText(windowMs, "long")));
}
