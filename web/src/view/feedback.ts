/**
 * Reports the result of the user's last action: a toast, visible for a moment and read aloud, and buttons that say
 * whether they have copied their text.
 */

import { strings } from "../strings";
import { button } from "./parts";

const TOAST_MS = 2_500;
/** Long texts stay until they can be read. */
const TOAST_MS_PER_CHARACTER = 70;
const COPIED_MS = 2_000;

export class Toast {
  readonly #element: HTMLElement;
  #until: ReturnType<typeof setTimeout> | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  show(text: string): void {
    clearTimeout(this.#until);
    this.#element.textContent = text;
    const ms = Math.max(TOAST_MS, text.length * TOAST_MS_PER_CHARACTER);
    this.#until = setTimeout(() => this.#element.replaceChildren(), ms);
  }
}

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
    }, COPIED_MS);
  });
  return element;
}
