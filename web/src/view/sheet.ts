/** A dialog over the page: a title, a way out, and what it is for. */

import { strings } from "../strings";
import { button, make } from "./parts";

export function fillSheet(
  dialog: HTMLDialogElement,
  titleId: string,
  title: string,
  ...content: readonly HTMLElement[]
): void {
  const close = button(strings.close, () => dialog.close(), "button");
  dialog.append(make("header", {}, make("h2", { id: titleId }, title), close), ...content);
  // A click beside it is one on the dialog's backdrop, which counts as the dialog itself.
  dialog.onclick = ({ target, clientX, clientY }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const isInside = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
    if (target === dialog && !isInside) dialog.close();
  };
}
