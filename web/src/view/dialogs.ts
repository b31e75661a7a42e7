/**
 * The dialogs: help, with all commands, their keys and the preferences of this device; and the newest records in view
 * as a table, for users who cannot see the chart or want exact digits.
 */

import { type Command, type CommandName, commands, keyName } from "../commands";
import { LOCALE } from "../locale";
import type { RecordTableContent } from "../page";
import { strings } from "../strings";
import { onDemandStrings } from "../strings/on_demand";
import { button, make } from "./parts";
import type { Preference, Preferences } from "./preference";
import { momentText } from "./time_format";

/** Rows of the table: as many as fit on a screen. */
export const TABLE_ROWS = 20;
/** Twice a second: a table that changes faster cannot be read. */
const TABLE_EVERY_MS = 500;

const whole = new Intl.NumberFormat(LOCALE);

export class HelpDialog {
  readonly #dialog: HTMLDialogElement;

  constructor(dialog: HTMLDialogElement, { keys, summary }: Preferences) {
    this.#dialog = dialog;
    const names = Object.keys(commands) as CommandName[];
    const rows = names.map((name) =>
      make(
        "tr",
        {},
        make("td", {}, ...keysOf(commands[name])),
        make("td", {}, onDemandStrings.commands[name]),
      ),
    );
    fillDialog(
      dialog,
      "help-title",
      strings.help,
      make("p", {}, onDemandStrings.helpIntro),
      make("table", { ariaLabel: onDemandStrings.helpKeys }, make("tbody", {}, ...rows)),
      make("h3", {}, onDemandStrings.helpSwitches),
      checkbox(keys, onDemandStrings.usesKeys),
      checkbox(summary, onDemandStrings.readsSummary),
    );
  }

  open(): void {
    showModal(this.#dialog);
  }
}

/** Shows a preference, and changes it. */
function checkbox(preference: Preference, words: string): HTMLElement {
  const box = make("input", { type: "checkbox", checked: preference.isOn });
  box.onchange = () => preference.set(box.checked);
  return make("label", {}, box, make("span", {}, words));
}

/** `L or End`; a range of keys is shown by its ends. */
function keysOf({ keys }: Command): readonly (Node | string)[] {
  const isRow = keys.length > 2;
  const shown = isRow ? [keys[0] as string, keys.at(-1) as string] : keys;
  return shown.flatMap((key, i) => {
    const kbd = make("kbd", {}, keyName(key));
    return i === 0 ? [kbd] : [isRow ? " – " : ` ${onDemandStrings.or} `, kbd];
  });
}

/** The newest records in view, whatever they contain; it follows the view while it is open. */
export class RecordTable {
  readonly #dialog: HTMLDialogElement;
  readonly #body = make("div", { className: "scroll", tabIndex: 0 });
  readonly #content: () => RecordTableContent;
  #shown = "";
  #writtenAt = Number.NEGATIVE_INFINITY;

  /** `content` is called whenever the table may have changed. */
  constructor(dialog: HTMLDialogElement, content: () => RecordTableContent) {
    this.#dialog = dialog;
    this.#content = content;
    fillDialog(dialog, "table-title", onDemandStrings.table, this.#body);
  }

  open(): void {
    this.#write();
    showModal(this.#dialog);
  }

  /** Call now and then, at page time `now`. */
  update(now: number): void {
    if (!this.#dialog.open || now - this.#writtenAt < TABLE_EVERY_MS) return;
    this.#writtenAt = now;
    this.#write();
  }

  #write(): void {
    const content = this.#content();
    const shown = JSON.stringify(content);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const isEmpty = content.rows.length === 0;
    this.#body.replaceChildren(isEmpty ? make("p", {}, onDemandStrings.tableEmpty) : table(content));
  }
}

function table({ columns, rows }: RecordTableContent): HTMLElement {
  const hasTopics = new Set(rows.map(({ topic }) => topic)).size > 1;
  const titles = [
    onDemandStrings.tableTime,
    onDemandStrings.tableSeq,
    ...(hasTopics ? [onDemandStrings.tableTopic] : []),
    ...columns,
  ];
  const tableRows = rows.map(({ t, seq, topic, cells = columns.map(() => "…") }) => {
    const texts = [momentText(t, Date.now()), whole.format(seq), ...(hasTopics ? [topic] : [])];
    const all = [...texts, ...cells.map((cell) => cell ?? strings.noValue)];
    return make("tr", {}, ...all.map((text) => make("td", {}, text)));
  });
  const head = titles.map((text) => make("th", { scope: "col" }, text));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...tableRows));
}

/** An impatient user may open a dialog twice while it is being loaded. */
export function showModal(dialog: HTMLDialogElement): void {
  if (!dialog.open) dialog.showModal();
}

/** Fills a dialog: a title, a close button, and content. */
export function fillDialog(
  dialog: HTMLDialogElement,
  titleId: string,
  title: string,
  ...content: readonly HTMLElement[]
): void {
  const close = button(onDemandStrings.close, () => dialog.close(), "button");
  dialog.append(make("header", {}, make("h2", { id: titleId }, title), close), ...content);
  // A click on the backdrop is reported as a click on the dialog itself.
  dialog.onclick = ({ target, clientX, clientY }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const isInside = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
    if (target === dialog && !isInside) dialog.close();
  };
}
