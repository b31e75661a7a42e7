/**
 * The dialogs: help, with all commands, their keys and the preferences of this device; and the newest records in view
 * as a table, for users who cannot see the chart or want exact digits.
 */

import { type Command, commands, keyName } from "../commands";
import { LOCALE } from "../locale";
import { SteadyNumberFormat } from "../number";
import type { LegendEntry, TableRow } from "../page";
import { strings } from "../strings";
import { labelsOf, valueText } from "./legend";
import { button, make } from "./parts";
import type { Preference } from "./preference";
import { momentText } from "./time_format";

/** Rows of the table: as many as fit on a screen. */
export const TABLE_ROWS = 20;

const whole = new Intl.NumberFormat(LOCALE);

export interface Preferences {
  readonly keys: Preference;
  readonly summary: Preference;
}

export class HelpDialog {
  readonly #dialog: HTMLDialogElement;

  constructor(dialog: HTMLDialogElement, { keys, summary }: Preferences) {
    this.#dialog = dialog;
    const rows = Object.values(commands).map((command) =>
      make("tr", {}, make("td", {}, ...keysOf(command)), make("td", {}, command.label)),
    );
    fillDialog(
      dialog,
      "help-title",
      strings.help,
      make("p", {}, strings.helpIntro),
      make("table", { ariaLabel: strings.helpKeys }, make("tbody", {}, ...rows)),
      make("h3", {}, strings.helpSwitches),
      keys.checkbox(strings.usesKeys),
      summary.checkbox(strings.readsSummary),
    );
  }

  open(): void {
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}

/** `L or End`; a range of keys is shown by its ends. */
function keysOf({ keys }: Command): readonly (Node | string)[] {
  const isRow = keys.length > 2;
  const shown = isRow ? [keys[0] as string, keys.at(-1) as string] : keys;
  return shown.flatMap((key, i) => {
    const kbd = make("kbd", {}, keyName(key));
    return i === 0 ? [kbd] : [isRow ? " – " : ` ${strings.or} `, kbd];
  });
}

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
  const head = [strings.tableTime, strings.tableSeq, ...labels].map((text) =>
    make("th", { scope: "col" }, text),
  );
  const tableRows = rows.map(({ t, seq, values }) => {
    const cells = numbers.map((number, i) => valueText(number, values[i]));
    const texts = [momentText(t, Date.now()), whole.format(seq), ...cells];
    return make("tr", {}, ...texts.map((text) => make("td", {}, text)));
  });
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...tableRows));
}

/** Fills a dialog: a title, a close button, and content. */
function fillDialog(
  dialog: HTMLDialogElement,
  titleId: string,
  title: string,
  ...content: readonly HTMLElement[]
): void {
  const close = button(strings.close, () => dialog.close(), "button");
  dialog.append(make("header", {}, make("h2", { id: titleId }, title), close), ...content);
  // A click on the backdrop is reported as a click on the dialog itself.
  dialog.onclick = ({ target, clientX, clientY }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const isInside = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
    if (target === dialog && !isInside) dialog.close();
  };
}
