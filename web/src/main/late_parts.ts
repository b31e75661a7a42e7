/**
 * What the first picture does without: it is loaded right after it, so that the page shows its line sooner.
 *
 * Loaded at once and not on demand: a hub that goes away later takes nothing with it that the page still needs.
 */

import type { LiveChart } from "../live_chart";
import type { PlayerScene } from "../player/topic_traces";
import type { Records } from "../records";
import type * as Saving from "../saving";
import type { Parts } from "../view/parts";
import type { NavigatorFeed } from "./navigator_feed";

/** A hub that goes away while the page loads is asked again. */
const RETRY_MS = 5_000;

export class LateParts {
  readonly #parts: Parts;
  readonly #liveChart: LiveChart;
  #navigator: NavigatorFeed | undefined;
  #records: Records | undefined;
  #saving: typeof Saving | undefined;

  constructor(parts: Parts, liveChart: LiveChart) {
    this.#parts = parts;
    this.#liveChart = liveChart;
  }

  /** Undefined until it has been loaded. */
  get saving(): typeof Saving | undefined {
    return this.#saving;
  }

  async load(): Promise<void> {
    try {
      const [navigator, records, saving] = await Promise.all([
        import("./navigator_feed"),
        import("../records"),
        import("../saving"),
      ]);
      this.#navigator = new navigator.NavigatorFeed(this.#parts.at("strip"), this.#liveChart);
      this.#records = new records.Records(this.#parts.at("records"), this.#liveChart);
      this.#saving = saving;
    } catch {
      setTimeout(() => void this.load(), RETRY_MS);
    }
  }

  draw(scene: PlayerScene, at: number): void {
    this.#records?.draw(scene, at);
    this.#navigator?.draw(scene);
  }

  fit(): void {
    this.#records?.fit();
    this.#navigator?.fit();
  }

  refresh(): void {
    this.#records?.refresh();
  }

  toggleJson(): void {
    this.#records?.toggleJson();
  }
}
