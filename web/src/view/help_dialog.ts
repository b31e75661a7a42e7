/** The help dialog: all commands with their keys, and the preferences of this device. */

import { type Command, commands, keyName } from "../commands";
import { strings } from "../strings";
import { fillDialog } from "./dialog";
import { make } from "./parts";
import type { Preference } from "./preference";

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
