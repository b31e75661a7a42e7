/** What a copy came to, told on the button that asked for it, and aloud. */

import { strings } from "../strings";
import { button } from "./parts";

const TOLD_MS = 2_000;

/** A failure of the clipboard is an answer like any other. */
export async function copied(ask: () => Promise<boolean>, announce: (text: string) => void): Promise<string> {
  const worked = await ask().catch(() => false);
  const text = worked ? strings.copied : strings.notCopied;
  announce(text);
  return text;
}

export function copyButton(
  words: string,
  ask: () => Promise<boolean>,
  announce: (text: string) => void,
): HTMLButtonElement {
  let until: ReturnType<typeof setTimeout> | undefined;
  const element = button(words, async () => {
    element.textContent = await copied(ask, announce);
    clearTimeout(until);
    until = setTimeout(() => {
      element.textContent = words;
    }, TOLD_MS);
  });
  return element;
}
