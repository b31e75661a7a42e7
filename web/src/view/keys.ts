/** Listens to the keyboard, and leaves to others what is theirs: fields, open panels, the browser's own keys. */

import { commandOf, type Desk, isCharacter } from "../commands";
import type { Switch } from "./switch";

const FIELD = "input, select, textarea, [contenteditable]";
/** What Space already means something to. */
const PRESSED_BY_SPACE = "button, a, summary, [role=button]";
const OPEN = ":popover-open, dialog[open]";

/** The desk is asked for at each stroke; undefined: nothing is shown yet. */
export function listen(root: Document, desk: () => Desk | undefined, characters: Switch): void {
  root.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || !isFree(root, event)) return;
    if (isCharacter(event) && !characters.isOn) return;
    const command = commandOf(event);
    const to = desk();
    if (command === undefined || to === undefined || (event.repeat && !command.repeats)) return;
    event.preventDefault();
    command.run(to, event);
  });
}

function isFree(root: Document, { key, target }: KeyboardEvent): boolean {
  // Escape closes what is open, which the browser sees to.
  if (root.querySelector(OPEN) !== null) return false;
  // What has just been closed keeps the focus for a frame.
  if (!(target instanceof Element) || !target.checkVisibility()) return true;
  return target.closest(key === " " ? `${FIELD}, ${PRESSED_BY_SPACE}` : FIELD) === null;
}
