/** How much time is seen: a few usual amounts, and beside them any other that somebody has zoomed to. */

import type { Wishes } from "../page";
import { strings } from "../strings";
import { button, make, mark, write } from "./parts";
import { windowText } from "./time";

const PRESETS_MS: readonly number[] = [10_000, 30_000, 60_000, 300_000, 900_000];

export class Windows {
  readonly #presets: readonly (readonly [ms: number, button: HTMLElement])[];
  readonly #other = make("span", { className: "other" });
  #shownMs = 0;

  constructor(host: HTMLElement, wishes: Wishes) {
    host.ariaLabel = strings.windows;
    mark(host, "role", "group");
    this.#presets = PRESETS_MS.map((ms) => {
      const preset = button(windowText(ms), () => wishes.showWindow(ms));
      preset.title = strings.windowHint(windowText(ms, "long"));
      return [ms, preset];
    });
    // It comes and goes at the free end: the others stay under the pointer.
    host.append(this.#other, ...this.#presets.map(([, preset]) => preset));
  }

  show(windowMs: number): void {
    if (windowMs === this.#shownMs) return;
    this.#shownMs = windowMs;
    for (const [ms, preset] of this.#presets) mark(preset, "aria-pressed", String(ms === windowMs));
    const isOther = !PRESETS_MS.includes(windowMs);
    this.#other.hidden = !isOther;
    write(this.#other, isOther ? windowText(windowMs) : "");
  }
}
