/**
 * What the user has chosen on this device. Storage may be forbidden; a choice then lasts as long as the page.
 */

import { make } from "./parts";

/** An on/off preference. */
export class Preference {
  readonly #name: string;
  #isOn: boolean;

  /** On by default. */
  constructor(name: string) {
    this.#name = name;
    this.#isOn = storedChoice(name) !== "off";
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set(isOn: boolean): void {
    this.#isOn = isOn;
    storeChoice(this.#name, isOn ? "on" : "off");
  }

  /** Creates a checkbox for this preference. */
  checkbox(words: string): HTMLElement {
    const box = make("input", { type: "checkbox", checked: this.#isOn });
    box.onchange = () => this.set(box.checked);
    return make("label", {}, box, make("span", {}, words));
  }
}

/** The stored choice of this name; null if nothing is stored. */
export function storedChoice(name: string): string | null {
  try {
    return localStorage.getItem(`tickcast:${name}`);
  } catch {
    return null;
  }
}

export function storeChoice(name: string, choice: string): void {
  try {
    localStorage.setItem(`tickcast:${name}`, choice);
  } catch {
    // Storage is forbidden or full.
  }
}
