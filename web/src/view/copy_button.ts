/** Buttons that copy to the clipboard and report the result, on the button and to screen readers. */

import { strings } from "../strings";
import { button } from "./parts";

const SHOWN_MS = 2_000;

/** Copies, announces the result and returns its text. A rejected promise counts as failure. */
export async function copyAndAnnounce(
  copy: () => Promise<boolean>,
  announce: (text: string) => void,
): Promise<string> {
  const worked = await copy().catch(() => false);
  const text = worked ? strings.copied : strings.notCopied;
  announce(text);
  return text;
}

export function copyButton(
  label: string,
  copy: () => Promise<boolean>,
  announce: (text: string) => void,
): HTMLButtonElement {
  let until: ReturnType<typeof setTimeout> | undefined;
  const element = button(label, async () => {
    element.textContent = await copyAndAnnounce(copy, announce);
    clearTimeout(until);
    until = setTimeout(() => {
      element.textContent = label;
    }, SHOWN_MS);
  });
  return element;
}
