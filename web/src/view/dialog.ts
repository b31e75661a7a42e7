/** Fills a dialog: a title, a close button, and content. */

import { strings } from "../strings";
import { button, make } from "./parts";

export function fillDialog(
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
