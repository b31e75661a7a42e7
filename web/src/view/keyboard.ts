/** Keyboard shortcuts of the page. Input fields, open panels and the browser's own shortcuts take precedence. */

import { type CommandContext, commandFor, isCharacter } from "../commands";
import type { Preference } from "./preference";

const FIELD = "input, select, textarea, [contenteditable]";
/** Elements that handle Space themselves. */
const PRESSED_BY_SPACE = "button, a, summary, [role=button]";
const OPEN = ":popover-open, dialog[open]";

/** `context` is called for each key stroke; it returns undefined while nothing is shown yet. */
export function listenForKeys(
  root: Document,
  context: () => CommandContext | undefined,
  characters: Preference,
): void {
  root.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || !isFree(root, event)) return;
    if (isCharacter(event) && !characters.isOn) return;
    const command = commandFor(event);
    const target = context();
    if (command === undefined || target === undefined || (event.repeat && !command.repeats)) return;
    event.preventDefault();
    command.run(target, event);
  });
}

function isFree(root: Document, { key, target }: KeyboardEvent): boolean {
  // The browser handles Escape for open dialogs and popovers.
  if (root.querySelector(OPEN) !== null) return false;
  // An element that was just hidden keeps the focus for a frame.
  if (!(target instanceof Element) || !target.checkVisibility()) return true;
  return target.closest(key === " " ? `${FIELD}, ${PRESSED_BY_SPACE}` : FIELD) === null;
}
