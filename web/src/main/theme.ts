/**
 * The colour theme: from the URL, else as chosen on this device, else as the device prefers. The style sheet contains
 * both; this decides which one applies.
 */

import type { Theme } from "../page";

const KEY = "tickcast:theme";

export class ThemeChoice {
  readonly #prefersDark = matchMedia("(prefers-color-scheme: dark)");
  readonly #onChange: () => void;
  #requested: Theme | undefined;
  #chosen: Theme;

  constructor(requested: Theme | undefined, onChange: () => void) {
    this.#requested = requested;
    this.#chosen = requested ?? readChoice();
    this.#onChange = onChange;
    this.#prefersDark.addEventListener("change", () => this.#adopt());
    this.#adopt();
  }

  get chosen(): Theme {
    return this.#chosen;
  }

  /** The theme in the URL; undefined if the URL has none. */
  get requested(): Theme | undefined {
    return this.#requested;
  }

  choose(theme: Theme): void {
    if (this.#requested !== undefined) this.#requested = theme;
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

/** Storage may be forbidden; then the choice is not remembered. */
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
    // Storage may be forbidden.
  }
}
