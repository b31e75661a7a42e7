/** The tooltip at the cursor: the instant under the crosshair and the value of every visible line there. */

import { SteadyNumberFormat } from "../number";
import type { LegendEntry, Reading } from "../page";
import { labelsOf, swatch, thresholdWord, valueText } from "./legend";
import { make, setAttribute, write } from "./parts";
import { momentText } from "./time_format";

/** Where the cursor is in the chart, in CSS pixels; and the key of the series whose point is closest to it. */
export interface Cursor {
  readonly x: number;
  readonly y: number;
  readonly key: string | undefined;
}

/** Distance from the cursor, so that the tooltip does not cover what it describes. */
const DISTANCE_PX = 16;

interface TooltipRow {
  readonly row: HTMLElement;
  readonly value: HTMLElement;
  readonly number: SteadyNumberFormat;
}

export class Tooltip {
  readonly #host: HTMLElement;
  readonly #element = make("div", { className: "tooltip", hidden: true });
  readonly #time = make("p", { className: "tooltip-time" });
  readonly #list = make("ul", {});
  #rows: readonly TooltipRow[] = [];
  /** What the rows were created for. */
  #made = "";

  constructor(host: HTMLElement) {
    this.#host = host;
    // The legend has the same values, and is read aloud.
    this.#element.ariaHidden = "true";
    this.#element.append(this.#time, this.#list);
    host.append(this.#element);
  }

  /** Shows the reading at the cursor; hidden without one. */
  show({ legend, at, isPointed }: Reading, cursor: Cursor | undefined): void {
    const isShown = isPointed && at !== undefined && cursor !== undefined;
    this.#element.hidden = !isShown;
    if (!isShown) return;
    const labels = labelsOf(legend);
    const shown = legend
      .map((entry, i) => ({ entry, label: labels[i] as string }))
      .filter(({ entry }) => entry.isShown);
    const made = shown.map(({ entry, label }) => `${entry.series.key} ${label}`).join("\n");
    if (made !== this.#made) this.#make(shown);
    this.#made = made;
    write(this.#time, momentText(at, Date.now()));
    for (const [i, { entry }] of shown.entries())
      this.#update(this.#rows[i] as TooltipRow, entry, cursor.key);
    this.#place(cursor);
  }

  #make(shown: readonly { readonly entry: LegendEntry; readonly label: string }[]): void {
    this.#rows = shown.map(({ entry: { series }, label }) => {
      const value = make("b", {});
      const row = make("li", {}, swatch(series.colour), make("span", {}, label), value);
      return { row, value, number: new SteadyNumberFormat() };
    });
    this.#list.replaceChildren(...this.#rows.map(({ row }) => row));
  }

  #update({ row, value, number }: TooltipRow, entry: LegendEntry, key: string | undefined): void {
    const parts = [valueText(number, entry), entry.series.field.unit, thresholdWord(entry)];
    write(value, parts.filter(Boolean).join(" "));
    setAttribute(row, "data-closest", entry.series.key === key ? "" : undefined);
  }

  /** To the right of the cursor and below it, or on the other side where there is no room. */
  #place({ x, y }: Cursor): void {
    const { clientWidth, clientHeight } = this.#host;
    const { offsetWidth, offsetHeight, style } = this.#element;
    const right = x + DISTANCE_PX;
    const below = y + DISTANCE_PX;
    const left = right + offsetWidth > clientWidth ? x - DISTANCE_PX - offsetWidth : right;
    const top = below + offsetHeight > clientHeight ? y - DISTANCE_PX - offsetHeight : below;
    style.setProperty("translate", `${Math.max(0, Math.round(left))}px ${Math.max(0, Math.round(top))}px`);
  }
}
