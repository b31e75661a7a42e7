/**
 * How the page appears on this device: the colour theme, and kiosk mode for wall displays. What looks how in which of
 * them is up to the style sheet.
 *
 * # Wall displays
 * In kiosk mode the screen stays awake while the page is visible; browsers release the wake lock whenever the page is
 * hidden. While the pointer is idle, the style sheet hides the cursor and the controls.
 */

import type { Theme } from "../page";
import { storeChoice, storedChoice } from "../view/preference";
import { readTheme } from "./address";

/** The name under which the theme chosen on this device is stored. */
const STORED = "theme";
const IDLE_AFTER_MS = 3_000;

/** The colour theme: from the URL, else as chosen on this device, else as the device prefers. */
export class ThemeChoice {
  readonly #prefersDark = matchMedia("(prefers-color-scheme: dark)");
  readonly #onChange: () => void;
  #requested: Theme | undefined;
  #chosen: Theme;

  constructor(requested: Theme | undefined, onChange: () => void) {
    this.#requested = requested;
    this.#chosen = requested ?? readTheme(storedChoice(STORED)) ?? "auto";
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
    storeChoice(STORED, theme);
    this.#adopt();
  }

  #adopt(): void {
    const isDark = this.#chosen === "dark" || (this.#chosen === "auto" && this.#prefersDark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    this.#onChange();
  }
}

export class Kiosk {
  #isOn: boolean;
  #lock: WakeLockSentinel | undefined;

  constructor(isOn: boolean) {
    this.#isOn = isOn;
    document.addEventListener("visibilitychange", () => void this.#updateLock());
    void this.#updateLock();
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  toggle(): void {
    this.#isOn = !this.#isOn;
    void this.#updateLock();
  }

  async #updateLock(): Promise<void> {
    if (!this.#isOn) {
      await this.#lock?.release();
      this.#lock = undefined;
    } else if (!document.hidden && (this.#lock === undefined || this.#lock.released)) {
      // Unavailable without TLS, and refused at low battery; the display then sleeps as configured.
      this.#lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
      // Kiosk mode may have been switched off while the request was pending.
      if (!this.#isOn) await this.#updateLock();
    }
  }
}

/** Marks the page as idle, until the pointer moves or the screen is touched. */
export function hideIdleCursor(root: Document): void {
  let since: ReturnType<typeof setTimeout> | undefined;
  const sleep = () => root.documentElement.toggleAttribute("data-still", true);
  const wake = () => {
    root.documentElement.removeAttribute("data-still");
    clearTimeout(since);
    since = setTimeout(sleep, IDLE_AFTER_MS);
  };
  for (const sign of ["pointermove", "pointerdown"]) root.addEventListener(sign, wake);
  sleep();
}
