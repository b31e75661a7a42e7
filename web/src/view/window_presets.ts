/** The time window: a few presets, and the current value if it is none of them. */

import type { Actions } from "../page";
import { strings } from "../strings";
import { button, make, setAttribute, write } from "./parts";
import { windowText } from "./time_format";

const PRESETS_MS: readonly number[] = [10_000, 30_000, 60_000, 300_000, 900_000];

export class WindowPresets {
  readonly #presets: readonly (readonly [ms: number, button: HTMLElement])[];
  readonly #other = make("span", { className: "other" });
  #shownMs = 0;

  constructor(host: HTMLElement, actions: Actions) {
    host.ariaLabel = strings.windows;
    setAttribute(host, "role", "group");
    this.#presets = PRESETS_MS.map((ms) => {
      const preset = button(windowText(ms), () => actions.showWindow(ms));
      preset.title = strings.windowHint(windowText(ms, "long"));
      return [ms, preset];
    });
    // At the free end, so that the presets stay under the pointer when it appears.
    host.append(this.#other, ...this.#presets.map(([, preset]) => preset));
  }

  show(windowMs: number): void {
    if (windowMs === this.#shownMs) return;
    this.#shownMs = windowMs;
    for (const [ms, preset] of this.#presets) setAttribute(preset, "aria-pressed", String(ms === windowMs));
    const isOther = !PRESETS_MS.includes(windowMs);
    this.#other.hidden = !isOther;
    write(this.#other, isOther ? windowText(windowMs) : "");
  }
}
