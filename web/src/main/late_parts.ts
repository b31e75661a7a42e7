/**
 * What the first picture does without: it is loaded right after it, so that the page shows its line sooner.
 *
 * Loaded at once and not on demand: a hub that goes away later takes nothing with it that the page still needs.
 */

import type { Api } from "../client/api";
import type { TimeRange } from "../history_cache/time_range";
import type { LiveChart } from "../live_chart";
import type * as Statistics from "../player/statistics";
import type { PlayerScene } from "../player/topic_traces";
import { readingOf } from "../player/view_state";
import type { Records } from "../records";
import type * as Saving from "../saving";
import type { AxesDialog } from "../view/axes_dialog";
import type { Parts } from "../view/parts";
import type { StatisticsDialog } from "../view/statistics_dialog";
import type { AxisChoices } from "./axis_choices";
import type { NavigatorFeed } from "./navigator_feed";

/** A hub that goes away while the page loads is asked again. */
const RETRY_MS = 5_000;

export class LateParts {
  readonly #parts: Parts;
  readonly #liveChart: LiveChart;
  #navigator: NavigatorFeed | undefined;
  #records: Records | undefined;
  #saving: typeof Saving | undefined;
  #axes: AxesDialog | undefined;
  #statistics: StatisticsDialog | undefined;
  #rangeStatistics: typeof Statistics.rangeStatistics | undefined;
  readonly #axisChoices: AxisChoices;

  constructor(parts: Parts, liveChart: LiveChart, axisChoices: AxisChoices) {
    this.#axisChoices = axisChoices;
    this.#parts = parts;
    this.#liveChart = liveChart;
  }

  /** Undefined until it has been loaded. */
  get saving(): typeof Saving | undefined {
    return this.#saving;
  }

  async load(): Promise<void> {
    try {
      const [navigator, records, saving, axes, dialog, statistics] = await Promise.all([
        import("./navigator_feed"),
        import("../records"),
        import("../saving"),
        import("../view/axes_dialog"),
        import("../view/statistics_dialog"),
        import("../player/statistics"),
      ]);
      this.#navigator = new navigator.NavigatorFeed(this.#parts.at("strip"), this.#liveChart);
      this.#records = new records.Records(this.#parts.at("records"), this.#liveChart);
      this.#saving = saving;
      this.#axes = new axes.AxesDialog(this.#parts.at("axes") as HTMLDialogElement, this.#axisChoices);
      this.#statistics = new dialog.StatisticsDialog(this.#parts.at("statistics") as HTMLDialogElement);
      this.#rangeStatistics = statistics.rangeStatistics;
    } catch {
      setTimeout(() => void this.load(), RETRY_MS);
    }
  }

  draw(scene: PlayerScene, at: number): void {
    this.#records?.draw(scene, at);
    this.#navigator?.draw(scene);
  }

  /** The overview shows this series from now on. */
  follow(key: string): void {
    this.#navigator?.follow(key);
  }

  openAxes(): void {
    this.#axes?.open(readingOf(this.#liveChart.player, performance.now(), undefined).legend);
  }

  openStatistics(api: Api, range: TimeRange): void {
    const found = this.#rangeStatistics?.(api, this.#liveChart.player, range);
    if (found !== undefined) void this.#statistics?.open(found);
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
