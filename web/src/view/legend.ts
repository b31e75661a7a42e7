/** The legend for several series: one button per series, with its name, value and visibility. */

import { SteadyNumberFormat } from "../number";
import type { Actions, LegendEntry } from "../page";
import { strings } from "../strings";
import { make, setAttribute, setTextSteadily } from "./parts";
import { labelsOf } from "./series_labels";

export { labelsOf } from "./series_labels";

const SVG = "http://www.w3.org/2000/svg";
/** From this many series on, each gets less room. */
const MANY = 5;

/** Formats a value, or returns the sign for no value. */
export function valueText(
  number: SteadyNumberFormat,
  shown: Pick<LegendEntry, "value" | "spelling"> | undefined,
): string {
  const { value, spelling } = shown ?? {};
  return value === undefined || Number.isNaN(value) ? strings.noValue : number.format(value, spelling);
}

interface LegendRow {
  readonly key: string;
  readonly entry: HTMLElement;
  readonly value: HTMLElement;
  readonly number: SteadyNumberFormat;
}

export class Legend {
  readonly #list: HTMLElement;
  readonly #actions: Pick<Actions, "toggleSeries" | "soloSeries">;
  #rows: readonly LegendRow[] = [];
  /** What the buttons were created for. */
  #made = "";

  constructor(list: HTMLElement, actions: Pick<Actions, "toggleSeries" | "soloSeries">) {
    this.#list = list;
    this.#actions = actions;
    list.ariaLabel = strings.legend;
  }

  show(legend: readonly LegendEntry[]): void {
    const labels = labelsOf(legend);
    const made = legend.map(({ series }, i) => `${series.key} ${labels[i]} ${series.field.unit}`).join("\n");
    if (made !== this.#made) this.#make(legend, labels);
    this.#made = made;
    for (const [i, row] of this.#rows.entries())
      setAttribute(row.entry, "aria-pressed", String(legend[i]?.isShown));
    this.showValues(legend);
  }

  /** Updates the values alone. */
  showValues(legend: readonly LegendEntry[]): void {
    for (const [i, row] of this.#rows.entries()) {
      const entry = legend[i];
      if (entry?.series.key === row.key) setTextSteadily(row.value, valueText(row.number, entry));
    }
  }

  #make(legend: readonly LegendEntry[], labels: readonly string[]): void {
    this.#rows = legend.map((entry, i) => this.#row(entry, labels[i] as string));
    this.#list.replaceChildren(...this.#rows.map(({ entry }) => make("li", {}, entry)));
    this.#list.toggleAttribute("data-many", legend.length >= MANY);
  }

  #row({ series }: LegendEntry, label: string): LegendRow {
    const value = make("b", {});
    const entry = make(
      "button",
      { type: "button", className: "entry", title: strings.legendHint },
      swatch(),
      make("span", { className: "name" }, label),
      value,
      make("span", { className: "unit" }, series.field.unit ?? ""),
    );
    entry.dataset.colour = String(series.colour);
    // The two clicks of a double click cancel each other out.
    entry.ondblclick = () => this.#actions.soloSeries(series.key);
    entry.onclick = ({ shiftKey, altKey }) =>
      shiftKey || altKey ? this.#actions.soloSeries(series.key) : this.#actions.toggleSeries(series.key);
    return { key: series.key, entry, value, number: new SteadyNumberFormat() };
  }
}

/** A sample of the line; the style sheet gives it the series' colour and dash pattern. */
function swatch(): SVGElement {
  const image = document.createElementNS(SVG, "svg");
  const row = document.createElementNS(SVG, "path");
  setAttribute(image, "class", "swatch");
  setAttribute(image, "viewBox", "0 0 36 8");
  setAttribute(image, "aria-hidden", "true");
  setAttribute(row, "d", "M0 4h36");
  image.append(row);
  return image;
}
