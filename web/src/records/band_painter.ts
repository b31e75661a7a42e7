/**
 * Paints a band of states on a canvas: each in its colour, with its name where there is room. Where states change faster
 * than the screen can show, the band is grey instead of showing one of them.
 */

import { type ChartTheme, COLOURS } from "../chart/chart_theme";
import type { CanvasLayer, PlotArea } from "../chart/surface";
import type { Trace } from "../scene";
import type { StateValue, StateValues } from "../topic_buffer/values";
import { RunWalker } from "./runs";

/** In pixels: a narrower run is combined with its neighbours; one alone is painted this wide, to be visible. */
const NARROW = 1;
const LEAST = 2;
const EDGE = 2;
const FILL_STRENGTH = 0.28;
const MIXED_STRENGTH = 0.4;
/** In units of the font size. */
const PADDING = 0.4;

/** How a state is written. */
export function stateText(value: StateValue | undefined): string {
  return value === undefined ? "…" : String(value);
}

export class BandPainter {
  readonly #walker = new RunWalker();
  readonly #widths = new Map<string, number>();
  #layer: CanvasLayer | undefined;
  #plot: PlotArea | undefined;
  #theme: ChartTheme | undefined;
  #states: StateValues | undefined;
  /** The narrow runs not yet painted; a code of NaN means several states. */
  #narrowCode = Number.NaN;
  #narrowFrom = Number.NaN;
  #narrowTo = Number.NaN;

  /** After a change of size or colours. */
  forget(): void {
    this.#widths.clear();
  }

  paint(layer: CanvasLayer, trace: Trace, plot: PlotArea, theme: ChartTheme): void {
    const { states } = trace.series.field;
    layer.clear();
    if (states === undefined) return;
    this.#layer = layer;
    this.#plot = plot;
    this.#theme = theme;
    this.#states = states;
    this.#narrowFrom = Number.NaN;
    layer.ctx.font = theme.font;
    layer.ctx.textAlign = "left";
    layer.ctx.textBaseline = "middle";
    this.#walker.walk(trace, plot.from, plot.to, this.#onRun);
    this.#flushNarrow();
  }

  readonly #onRun = (code: number, begin: number, end: number): void => {
    const plot = this.#plot as PlotArea;
    const from = plot.x(begin);
    const to = plot.x(end);
    if (to - from >= NARROW) {
      this.#flushNarrow();
      this.#paintRun(code, from, to);
    } else if (from <= this.#narrowTo + NARROW && !Number.isNaN(this.#narrowFrom)) {
      this.#narrowTo = to;
      if (code !== this.#narrowCode) this.#narrowCode = Number.NaN;
    } else {
      this.#flushNarrow();
      this.#narrowCode = code;
      this.#narrowFrom = from;
      this.#narrowTo = to;
    }
  };

  #flushNarrow(): void {
    const from = this.#narrowFrom;
    if (Number.isNaN(from)) return;
    const to = Math.max(this.#narrowTo, from + LEAST);
    if (!Number.isNaN(this.#narrowCode)) this.#paintRun(this.#narrowCode, from, to);
    else this.#fill((this.#theme as ChartTheme).quiet, MIXED_STRENGTH, from, to - from);
    this.#narrowFrom = Number.NaN;
  }

  #paintRun(code: number, from: number, to: number): void {
    const { series, quiet } = this.#theme as ChartTheme;
    const value = this.#states?.valueOf(code);
    // Off is grey whatever came first, so that on stands out.
    const colour = value === false ? quiet : (series[code % COLOURS] as string);
    this.#fill(colour, FILL_STRENGTH, from, to - from);
    this.#fill(colour, 1, from, Math.min(EDGE, to - from));
    this.#write(stateText(value), from, to);
  }

  #fill(colour: string, strength: number, from: number, width: number): void {
    const { ctx, height } = this.#layer as CanvasLayer;
    ctx.globalAlpha = strength;
    ctx.fillStyle = colour;
    ctx.fillRect(from, 0, width, height);
    ctx.globalAlpha = 1;
  }

  #write(text: string, from: number, to: number): void {
    const { ctx, height } = this.#layer as CanvasLayer;
    const { fontPx, text: colour } = this.#theme as ChartTheme;
    const at = from + EDGE + PADDING * fontPx;
    const room = to - at - PADDING * fontPx;
    if (room < fontPx) return;
    let width = this.#widths.get(text);
    if (width === undefined) {
      width = ctx.measureText(text).width;
      this.#widths.set(text, width);
    }
    if (width > room) return;
    ctx.fillStyle = colour;
    ctx.fillText(text, at, height / 2);
  }
}
