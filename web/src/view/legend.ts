/** The legend for several series: one button per series, with its name, value and visibility. */

import { COLOURS, dashOf } from "../chart/chart_theme";
import { SteadyNumberFormat } from "../number";
import type { Actions, LegendEntry, ViewState } from "../page";
import { labelsOf } from "../scene/series_labels";
import { strings } from "../strings";
import { crossedBy } from "../topic_buffer/axis_limits";
import { button, make, setAttribute, setTextSteadily, write } from "./parts";

export { labelsOf } from "../scene/series_labels";

const SVG = "http://www.w3.org/2000/svg";
/** From this many series on, each gets less room. */
const MANY = 5;
/** From more than this many columns on, some are not drawn at first. */
const MANY_COLUMNS = 8;

type LegendActions = Pick<Actions, "toggleSeries" | "soloSeries" | "pointSeries"> &
  // Without it the legend says how many columns are drawn, but has no choice of them.
  Partial<Pick<Actions, "openColumns">>;

/** Formats a value, or returns the sign for no value. */
export function valueText(
  number: SteadyNumberFormat,
  shown: Pick<LegendEntry, "value" | "spelling"> | undefined,
): string {
  const { value, spelling } = shown ?? {};
  return value === undefined || Number.isNaN(value) ? strings.noValue : number.format(value, spelling);
}

/** The word for the threshold that the value has crossed; empty if it has not. */
export function thresholdWord({ value, series: { limits } }: LegendEntry): string {
  const crossed = limits === undefined || value === undefined ? undefined : crossedBy(value, limits);
  return crossed === undefined ? "" : strings[crossed];
}

interface LegendRow {
  readonly key: string;
  readonly entry: HTMLElement;
  readonly value: HTMLElement;
  readonly alarm: HTMLElement;
  readonly number: SteadyNumberFormat;
}

export class Legend {
  readonly #list: HTMLElement;
  readonly #actions: LegendActions;
  readonly #columns = button("", () => this.#actions.openColumns?.(), "button");
  readonly #more = make("span", {});
  readonly #rest = make("li", { className: "rest" });
  #rows: readonly LegendRow[] = [];
  /** What the buttons were created for. */
  #made = "";

  constructor(list: HTMLElement, actions: LegendActions) {
    this.#list = list;
    this.#actions = actions;
    list.ariaLabel = strings.legend;
    this.#columns.title = strings.columnsHint;
    setAttribute(this.#columns, "aria-haspopup", "dialog");
    this.#rest.append(...(actions.openColumns === undefined ? [] : [this.#columns]), this.#more);
  }

  show({ legend, columns, unlisted }: Pick<ViewState, "legend" | "columns" | "unlisted">): void {
    const labels = labelsOf(legend);
    const made = legend.map(({ series }, i) => `${series.key} ${labels[i]} ${series.field.unit}`).join("\n");
    if (made !== this.#made) this.#make(legend, labels);
    this.#made = made;
    for (const [i, row] of this.#rows.entries())
      setAttribute(row.entry, "aria-pressed", String(legend[i]?.isShown));
    this.#showRest(columns, unlisted);
    this.showValues(legend);
  }

  /** Updates the values alone. */
  showValues(legend: readonly LegendEntry[]): void {
    for (const [i, row] of this.#rows.entries()) {
      const entry = legend[i];
      if (entry?.series.key !== row.key) continue;
      setTextSteadily(row.value, valueText(row.number, entry));
      write(row.alarm, thresholdWord(entry));
    }
  }

  #showRest({ drawn, all }: ViewState["columns"], unlisted: number): void {
    const text = all > MANY_COLUMNS || drawn < all ? strings.columnsDrawn(drawn, all) : "";
    const canChoose = this.#actions.openColumns !== undefined;
    write(this.#columns, text);
    const rest = [canChoose ? "" : text, unlisted > 0 ? strings.unlisted(unlisted) : ""];
    write(this.#more, rest.filter(Boolean).join(". "));
    this.#rest.hidden = text === "" && unlisted === 0;
  }

  #make(legend: readonly LegendEntry[], labels: readonly string[]): void {
    this.#rows = legend.map((entry, i) => this.#row(entry, labels[i] as string));
    this.#list.replaceChildren(...this.#rows.map(({ entry }) => make("li", {}, entry)), this.#rest);
    this.#list.toggleAttribute("data-many", legend.length >= MANY);
  }

  #row({ series }: LegendEntry, label: string): LegendRow {
    const value = make("b", {});
    const alarm = make("span", { className: "alarm" });
    const entry = make(
      "button",
      { type: "button", className: "entry", title: strings.legendHint },
      swatch(series.colour),
      make("span", { className: "name" }, label),
      value,
      make("span", { className: "unit" }, series.field.unit ?? ""),
      alarm,
    );
    const point = () => this.#actions.pointSeries(series.key);
    entry.onpointerenter = point;
    entry.onfocus = point;
    // The two clicks of a double click cancel each other out.
    entry.ondblclick = () => this.#actions.soloSeries(series.key);
    entry.onclick = ({ shiftKey, altKey }) =>
      shiftKey || altKey ? this.#actions.soloSeries(series.key) : this.#actions.toggleSeries(series.key);
    return { key: series.key, entry, value, alarm, number: new SteadyNumberFormat() };
  }
}

/** A sample of the line; the style sheet gives it the series' colour and dash pattern. */
export function swatch(colour: number): SVGElement {
  const image = document.createElementNS(SVG, "svg");
  const row = document.createElementNS(SVG, "path");
  setAttribute(image, "class", "swatch");
  setAttribute(image, "data-colour", String(colour % COLOURS));
  setAttribute(image, "data-dash", String(dashOf(colour)));
  setAttribute(image, "viewBox", "0 0 36 8");
  setAttribute(image, "aria-hidden", "true");
  setAttribute(row, "d", "M0 4h36");
  image.append(row);
  return image;
}
