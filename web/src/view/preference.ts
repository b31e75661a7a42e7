/**
 * What the user has chosen on this device. Storage may be forbidden; a choice then lasts as long as the page.
 */

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

  /** Applies at once, and to pages that are opened later on this device. */
  set(isOn: boolean): void {
    this.#isOn = isOn;
    storeChoice(this.#name, isOn ? "on" : "off");
  }
}

/** The preferences that the help dialog offers. */
export interface Preferences {
  /** Whether printable characters are shortcuts. */
  readonly keys: Preference;
  /** Whether the view is described to screen readers. */
  readonly summary: Preference;
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
