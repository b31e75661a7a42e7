/**
 * Light or dark: as the address says, else as somebody chose on this device, else as the device prefers. The style
 * sheet has both; here is only which one is in force.
 */

import type { Theme } from "../page";

const KEY = "tickcast:theme";

export class ThemeChoice {
  readonly #prefersDark = matchMedia("(prefers-color-scheme: dark)");
  readonly #onChange: () => void;
  #asked: Theme | undefined;
  #chosen: Theme;

  constructor(asked: Theme | undefined, onChange: () => void) {
    this.#asked = asked;
    this.#chosen = asked ?? readChoice();
    this.#onChange = onChange;
    this.#prefersDark.addEventListener("change", () => this.#adopt());
    this.#adopt();
  }

  get chosen(): Theme {
    return this.#chosen;
  }

  /** What the address asks for; undefined: it leaves the choice to the device. */
  get asked(): Theme | undefined {
    return this.#asked;
  }

  choose(theme: Theme): void {
    if (this.#asked !== undefined) this.#asked = theme;
    this.#chosen = theme;
    writeChoice(theme);
    this.#adopt();
  }

  #adopt(): void {
    const isDark = this.#chosen === "dark" || (this.#chosen === "auto" && this.#prefersDark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    this.#onChange();
  }
}

/** Storage may be refused; then nothing is remembered, which is no reason to show nothing. */
function readChoice(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

function writeChoice(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}
