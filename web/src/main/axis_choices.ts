/**
 * What the user has chosen about the value axes on this device: their arrangement, and limits that replace the
 * operator's. Stored by series, so that it is there again after a reload.
 */

import type { Arrangement } from "../chart";
import type { LiveChart } from "../live_chart";
import type { AxisLimits } from "../topic_buffer/axis_limits";
import { storeChoice, storedChoice } from "../view/preference";

const ARRANGEMENT = "panels";
const LIMITS = "limits";

type StoredLimits = Record<string, Partial<Record<keyof AxisLimits, number>>>;

export class AxisChoices {
  readonly #liveChart: LiveChart;
  readonly #limits: StoredLimits;
  #arrangement: Arrangement;

  constructor(liveChart: LiveChart) {
    this.#liveChart = liveChart;
    this.#arrangement = storedChoice(ARRANGEMENT) === "overlaid" ? "overlaid" : "stacked";
    this.#limits = readLimits(storedChoice(LIMITS));
    liveChart.chart.arrange(this.#arrangement);
    for (const [key, limits] of Object.entries(this.#limits))
      liveChart.player.choices.setLimits(key, complete(limits));
  }

  get arrangement(): Arrangement {
    return this.#arrangement;
  }

  arrange(arrangement: Arrangement): void {
    this.#arrangement = arrangement;
    storeChoice(ARRANGEMENT, arrangement);
    this.#liveChart.chart.arrange(arrangement);
    this.#liveChart.refresh();
  }

  /** Undefined restores the operator's limits. */
  setLimits(key: string, limits: AxisLimits | undefined): void {
    if (limits === undefined) delete this.#limits[key];
    // Undefined limits are left out of the text.
    else this.#limits[key] = limits as StoredLimits[string];
    storeChoice(LIMITS, JSON.stringify(this.#limits));
    this.#liveChart.player.choices.setLimits(key, limits);
    this.#liveChart.refresh();
  }
}

function complete({ min, max, warnBelow, warnAbove }: StoredLimits[string]): AxisLimits {
  return { min, max, warnBelow, warnAbove };
}

/** Stored text may be anything. */
function readLimits(text: string | null): StoredLimits {
  try {
    const stored = JSON.parse(text ?? "{}") as StoredLimits | null;
    const isValid = (limits: unknown) =>
      typeof limits === "object" && limits !== null && Object.values(limits).every(Number.isFinite);
    return Object.fromEntries(Object.entries(stored ?? {}).filter(([, limits]) => isValid(limits)));
  } catch {
    return {};
  }
}
