/** Something to be had or not, as somebody chose on this device. */

import { make } from "./parts";

export class Switch {
  readonly #key: string;
  #isOn: boolean;

  /** On, until somebody switches it off. */
  constructor(name: string) {
    this.#key = `tickcast:${name}`;
    this.#isOn = tried(() => localStorage.getItem(this.#key)) !== "off";
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set(isOn: boolean): void {
    this.#isOn = isOn;
    tried(() => localStorage.setItem(this.#key, isOn ? "on" : "off"));
  }

  /** A box to tick. */
  box(words: string): HTMLElement {
    const box = make("input", { type: "checkbox", checked: this.#isOn });
    box.onchange = () => this.set(box.checked);
    return make("label", {}, box, make("span", {}, words));
  }
}

/** Storage may be refused; then the choice lasts as long as the page. */
function tried<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}
