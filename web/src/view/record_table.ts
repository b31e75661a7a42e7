/**
 * The newest records in view as a table, for users who cannot see the chart or want exact digits. Built when opened.
 */

import { SteadyNumberFormat } from "../number";
import type { LegendEntry, TableRow } from "../page";
import { strings } from "../strings";
import { fillDialog } from "./dialog";
import { labelsOf, valueText } from "./legend";
import { make } from "./parts";
import { momentText } from "./time_format";

/** As many as fit on a screen. */
export const TABLE_ROWS = 20;

const whole = new Intl.NumberFormat();

export class RecordTable {
  readonly #dialog: HTMLDialogElement;
  readonly #body = make("div", { className: "scroll", tabIndex: 0 });

  constructor(dialog: HTMLDialogElement) {
    this.#dialog = dialog;
    fillDialog(dialog, "table-title", strings.table, this.#body);
  }

  open(legend: readonly LegendEntry[], rows: readonly TableRow[]): void {
    this.#body.replaceChildren(rows.length === 0 ? make("p", {}, strings.tableEmpty) : table(legend, rows));
    this.#dialog.showModal();
  }
}

function table(legend: readonly LegendEntry[], rows: readonly TableRow[]): HTMLElement {
  const numbers = legend.map(() => new SteadyNumberFormat());
  const labels = labelsOf(legend).map((label, i) => {
    const { unit } = (legend[i] as LegendEntry).series.field;
    return unit === undefined ? label : `${label}, ${unit}`;
  });
  const head = [strings.tableTime, strings.seq, ...labels].map((text) => make("th", { scope: "col" }, text));
  const tableRows = rows.map(({ t, seq, values }) => {
    const cells = numbers.map((number, i) => valueText(number, values[i]));
    const texts = [momentText(t, Date.now()), whole.format(seq), ...cells];
    return make("tr", {}, ...texts.map((text) => make("td", {}, text)));
  });
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...tableRows));
}
