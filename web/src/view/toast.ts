/** A short message about the last action, visible for a moment and read aloud. */

const SHOWN_MS = 2_500;

export class Toast {
  readonly #element: HTMLElement;
  #until: ReturnType<typeof setTimeout> | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  show(text: string): void {
    clearTimeout(this.#until);
    this.#element.textContent = text;
    this.#until = setTimeout(() => this.#element.replaceChildren(), SHOWN_MS);
  }
}
