/**
 * The panels of the chart: which lines share one, and how they divide the plot area. Lines with the same unit share a
 * panel, so that they can be compared; lines without a unit share one if their values are of the same magnitude. Knows
 * lines, numbers and heights, no canvas.
 *
 * # Arrangement
 * Stacked panels lie one below the other, each with its axis at the left. Overlaid ones all fill the plot area: the
 * first has its axis at the left, the second at the right, and further ones have none; the legend shows their values.
 */

import type { Series } from "../scene";
import { Scale } from "./scale";
import type { PlotArea } from "./surface";

export type Arrangement = "stacked" | "overlaid";

/** Lines without a unit whose largest values differ by more than this factor get panels of their own. */
const MAGNITUDE = 10;

/* In units of the font size. */
const TITLE = 1.7;
const UNITS = 1.4;
/** A panel of this height has at least three values on its axis. */
const ROOMY = 5;
const ROOM_PER_VALUE = 4;
const VALUES_LEAST = 3;

/** A part of the plot area with one value scale. */
export class Panel {
  readonly unit: string;
  readonly scale: Scale;
  /** The name of its line with the unit; of several lines, the unit, or else their names. */
  title = "";
  /** The number of its lines. */
  lines = 0;
  axis: "left" | "right" | "none" = "left";
  top = 0;
  height = 0;
  /** The largest value of its first line so far. */
  size = 0;
  /** The values at which thresholds are drawn. */
  readonly thresholds: number[] = [];

  constructor(unit: string, format: (value: number, step: number) => string) {
    this.unit = unit;
    this.scale = new Scale(format);
  }

  get bottom(): number {
    return this.top + this.height;
  }

  addName(name: string): void {
    this.lines += 1;
    if (this.unit !== "") this.title = this.lines > 1 ? this.unit : `${name} (${this.unit})`;
    else this.title = this.lines > 1 ? `${this.title}, ${name}` : name;
  }

  y(value: number): number {
    return this.bottom - this.scale.share(value) * this.height;
  }
}

export class Panels {
  arrangement: Arrangement = "stacked";
  readonly #format: (value: number, step: number) => string;
  readonly #known = new Map<string, Panel>();
  /** In order of their first line in this frame. */
  readonly #used: Panel[] = [];
  /** By index of the line in the scene. */
  readonly #ofLine: Panel[] = [];
  /** The largest value of each line without a unit so far, by key: a line must not change its panel with every beat. */
  readonly #sizes = new Map<string, number>();

  constructor(format: (value: number, step: number) => string) {
    this.#format = format;
  }

  get used(): readonly Panel[] {
    return this.#used;
  }

  /** The panel of the line with this index in the scene. */
  of(i: number): Panel {
    return this.#ofLine[i] as Panel;
  }

  /** Starts a new frame without lines. */
  begin(): void {
    this.#used.length = 0;
    this.#ofLine.length = 0;
  }

  /** Adds the next line of the scene with the extremes of its values; infinite if it has none. */
  include(series: Series, low: number, high: number): void {
    const panel =
      series.field.unit === undefined ? this.#unitless(series, low, high) : this.#panel(series.field.unit);
    if (!this.#used.includes(panel)) {
      panel.scale.begin();
      panel.title = "";
      panel.lines = 0;
      panel.thresholds.length = 0;
      this.#used.push(panel);
    }
    panel.scale.include(low, high);
    this.#addLimits(panel, series);
    this.#ofLine.push(panel);
    panel.addName(series.label ?? series.topic);
  }

  fit(now: number): void {
    for (const { scale } of this.#used) scale.fit(now);
  }

  get isGliding(): boolean {
    for (const { scale } of this.#used) if (scale.range.isGliding) return true;
    return false;
  }

  /** Divides the plot area, whose height is that of the canvas without the time axis, and updates the ticks. */
  layout(plot: PlotArea, canvasHeight: number, fontPx: number): void {
    const count = this.#used.length;
    const isStacked = this.areStacked;
    // Above every panel there is room for its title, above overlaid ones for two units, and else for half a tick label.
    const above = fontPx * (isStacked ? TITLE : count > 1 ? 1 + UNITS : 1);
    const slot = isStacked ? canvasHeight / count : canvasHeight;
    plot.top = above;
    plot.height = Math.max(1, canvasHeight - above);
    for (let i = 0; i < count; i += 1) {
      const panel = this.#used[i] as Panel;
      panel.axis = isStacked || i === 0 ? "left" : i === 1 ? "right" : "none";
      panel.top = above + (isStacked ? i * slot : 0);
      panel.height = Math.max(1, slot - above);
      panel.scale.updateTicks(ticksFor(panel.height / fontPx));
    }
  }

  get areStacked(): boolean {
    return this.arrangement === "stacked" && this.#used.length > 1;
  }

  #addLimits(panel: Panel, { limits }: Series): void {
    if (limits === undefined) return;
    panel.scale.limit(limits);
    for (const value of [limits.warnBelow, limits.warnAbove])
      if (value !== undefined && !panel.thresholds.includes(value)) panel.thresholds.push(value);
  }

  #unitless({ key }: Series, low: number, high: number): Panel {
    const now = low <= high ? Math.max(Math.abs(low), Math.abs(high)) : 0;
    const size = Math.max(now, this.#sizes.get(key) ?? 0);
    this.#sizes.set(key, size);
    for (const panel of this.#used) if (panel.unit === "" && areAlike(panel.size, size)) return panel;
    const panel = this.#panel("", key);
    panel.size = size;
    return panel;
  }

  #panel(unit: string, key = ""): Panel {
    const id = `${unit}\n${key}`;
    let panel = this.#known.get(id);
    if (panel === undefined) {
      panel = new Panel(unit, this.#format);
      this.#known.set(id, panel);
    }
    return panel;
  }
}

function areAlike(one: number, other: number): boolean {
  return one === 0 || other === 0 || (one <= MAGNITUDE * other && other <= MAGNITUDE * one);
}

/** The most values that fit on an axis of this height, in units of the font size. */
function ticksFor(height: number): number {
  return Math.max(height >= ROOMY ? VALUES_LEAST : 1, Math.floor(height / ROOM_PER_VALUE));
}
