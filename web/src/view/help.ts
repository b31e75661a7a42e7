/** What can be done here and with which key, and what of it to switch off. */

import { type Command, commands, keyName } from "../commands";
import { strings } from "../strings";
import { make } from "./parts";
import { fillSheet } from "./sheet";
import type { Switch } from "./switch";

export interface Switches {
  readonly keys: Switch;
  readonly summary: Switch;
}

export class Help {
  readonly #dialog: HTMLDialogElement;

  constructor(dialog: HTMLDialogElement, { keys, summary }: Switches) {
    this.#dialog = dialog;
    const rows = Object.values(commands).map((command) =>
      make("tr", {}, make("td", {}, ...keysOf(command)), make("td", {}, command.words)),
    );
    fillSheet(
      dialog,
      "help-title",
      strings.help,
      make("p", {}, strings.helpIntro),
      make("table", { ariaLabel: strings.helpKeys }, make("tbody", {}, ...rows)),
      make("h3", {}, strings.helpSwitches),
      keys.box(strings.usesKeys),
      summary.box(strings.saysSummary),
    );
  }

  open(): void {
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}

/** `L or End`; a row of keys by its ends. */
function keysOf({ keys }: Command): readonly (Node | string)[] {
  const isRow = keys.length > 2;
  const shown = isRow ? [keys[0] as string, keys.at(-1) as string] : keys;
  return shown.flatMap((key, i) => {
    const kbd = make("kbd", {}, keyName(key));
    return i === 0 ? [kbd] : [isRow ? " – " : ` ${strings.or} `, kbd];
  });
}
