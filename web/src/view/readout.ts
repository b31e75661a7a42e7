/** What is measured, and how much it is: one line with a large value, or the legend of several. */

import { SteadyNumber } from "../number";
import type { Badge, Facts, LegendEntry, Wishes } from "../page";
import { strings } from "../strings";
import { isBehind } from "./badge";
import { Legend, labelsOf, valueText } from "./legend";
import { mark, type Parts, writeSteadily } from "./parts";
import { momentText, sinceText, windowText } from "./time";

/** The states of a view that keeps to the newest, in which it may lack what is due. */
const LACK: ReadonlySet<Badge["kind"]> = new Set(["live", "starving", "reconnecting", "offline"]);

export class Readout {
  readonly #parts: Parts;
  readonly #legend: Legend;
  /** The line whose digits `#number` keeps. */
  #key: string | undefined;
  #number = new SteadyNumber();

  constructor(parts: Parts, wishes: Wishes) {
    this.#parts = parts;
    this.#legend = new Legend(parts.at("legend"), wishes);
  }

  show(facts: Facts): void {
    const { legend, windowMs } = facts;
    const [label = strings.unnamed] = labelsOf(legend);
    const heading = legend.length > 1 ? strings.labelAndMore(label, legend.length - 1) : label;
    this.#parts.write("label", heading);
    mark(this.#parts.at("readout"), "data-lines", legend.length > 1 ? "several" : "one");
    mark(this.#parts.at("chart"), "aria-label", chartName(heading, windowMs));
    this.#showValue(legend.find(({ isShown }) => isShown) ?? legend[0]);
    this.#parts.at("legend").hidden = legend.length < 2;
    this.#legend.show(legend);
    this.#showRemark(facts);
  }

  #showValue(entry: LegendEntry | undefined): void {
    if (entry?.series.key !== this.#key) {
      this.#key = entry?.series.key;
      this.#number = new SteadyNumber();
      mark(this.#parts.at("value"), "data-widest", undefined);
    }
    writeSteadily(this.#parts.at("value"), valueText(this.#number, entry?.value));
    this.#parts.write("unit", entry?.series.field.unit ?? "");
  }

  /** Which instant the values are of, unless that is now; and why the line does not go on. */
  #showRemark({ at, isPointed, drySince, badge }: Facts): void {
    const isThen = at !== undefined && (isPointed || isBehind(badge));
    const dry = !isThen && LACK.has(badge.kind) ? drySince : undefined;
    const instant = isThen ? momentText(at, Date.now()) : "";
    this.#parts.write(
      "remark",
      dry === undefined ? instant : strings.noRecordSince(sinceText(dry, Date.now())),
    );
    mark(this.#parts.at("remark"), "data-kind", dry === undefined ? undefined : "dry");
    mark(this.#parts.at("readout"), "data-stale", dry === undefined ? undefined : "");
  }
}

function chartName(label: string, windowMs: number): string {
  return strings.chart(label, strings.lastTime(windowText(windowMs, "long")));
}
