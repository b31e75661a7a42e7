/** An on/off preference, stored on this device. */

import { make } from "./parts";

export class Preference {
  readonly #key: string;
  #isOn: boolean;

  /** On by default. */
  constructor(name: string) {
    this.#key = `tickcast:${name}`;
    this.#isOn = tryStorage(() => localStorage.getItem(this.#key)) !== "off";
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set(isOn: boolean): void {
    this.#isOn = isOn;
    tryStorage(() => localStorage.setItem(this.#key, isOn ? "on" : "off"));
  }

  /** Creates a checkbox for this preference. */
  checkbox(words: string): HTMLElement {
    const box = make("input", { type: "checkbox", checked: this.#isOn });
    box.onchange = () => this.set(box.checked);
    return make("label", {}, box, make("span", {}, words));
  }
}

/** Storage may be forbidden; the preference then lasts as long as the page. */
function tryStorage<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
