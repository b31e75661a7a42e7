/** Several lines: which is which, what each says, and which of them are seen. One button a line. */

import { SteadyNumber } from "../number";
import type { LegendEntry, Wishes } from "../page";
import { strings } from "../strings";
import { make, mark, writeSteadily } from "./parts";

const SVG = "http://www.w3.org/2000/svg";
/** From this many lines on, each gets less room. */
const MANY = 5;

/** What to call each line: its field, with the topic before it where that alone would not tell them apart. */
export function labelsOf(legend: readonly LegendEntry[]): readonly string[] {
  const own = legend.map(({ series: { field, topic } }) => field.label ?? field.name ?? topic);
  return own.map((label, i) => {
    const isAmbiguous = own.some((other, j) => other === label && j !== i);
    const topic = legend[i]?.series.topic ?? "";
    return isAmbiguous && topic !== label ? `${topic} ${label}` : label;
  });
}

/** A value with its unit, or the sign for none. */
export function valueText(number: SteadyNumber, value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? strings.noValue : number.text(value);
}

interface Line {
  readonly entry: HTMLElement;
  readonly value: HTMLElement;
  readonly number: SteadyNumber;
}

export class Legend {
  readonly #list: HTMLElement;
  readonly #wishes: Pick<Wishes, "toggleSeries" | "soloSeries">;
  #lines: readonly Line[] = [];
  /** What the buttons were made for. */
  #made = "";

  constructor(list: HTMLElement, wishes: Pick<Wishes, "toggleSeries" | "soloSeries">) {
    this.#list = list;
    this.#wishes = wishes;
    list.ariaLabel = strings.legend;
  }

  show(legend: readonly LegendEntry[]): void {
    const labels = labelsOf(legend);
    const made = legend.map(({ series }, i) => `${series.key} ${labels[i]} ${series.field.unit}`).join("\n");
    if (made !== this.#made) this.#make(legend, labels);
    this.#made = made;
    for (const [i, line] of this.#lines.entries()) this.#follow(line, legend[i] as LegendEntry);
  }

  #make(legend: readonly LegendEntry[], labels: readonly string[]): void {
    this.#lines = legend.map((entry, i) => this.#line(entry, labels[i] as string));
    this.#list.replaceChildren(...this.#lines.map(({ entry }) => make("li", {}, entry)));
    this.#list.toggleAttribute("data-many", legend.length >= MANY);
  }

  #line({ series }: LegendEntry, label: string): Line {
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
    // The two clicks of a double click show and hide, or hide and show: they leave things as they were.
    entry.ondblclick = () => this.#wishes.soloSeries(series.key);
    entry.onclick = ({ shiftKey, altKey }) =>
      shiftKey || altKey ? this.#wishes.soloSeries(series.key) : this.#wishes.toggleSeries(series.key);
    return { entry, value, number: new SteadyNumber() };
  }

  #follow(line: Line, { isShown, value }: LegendEntry): void {
    mark(line.entry, "aria-pressed", String(isShown));
    writeSteadily(line.value, valueText(line.number, value));
  }
}

/** A piece of the line; the style sheet gives it the colour and the dashes of its place in the palette. */
function swatch(): SVGElement {
  const image = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  mark(image, "class", "swatch");
  mark(image, "viewBox", "0 0 36 8");
  mark(image, "aria-hidden", "true");
  mark(line, "d", "M0 4h36");
  image.append(line);
  return image;
}
