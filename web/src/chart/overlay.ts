/**
 * The interactive layer above the chart: the crosshair with its time label, and the range being selected. It has its
 * own canvas, so that moving the pointer over a still picture costs next to nothing.
 */

import type { Scene, Trace } from "../scene";
import type { Axes } from "./axes";
import { type ChartTheme, COLOURS } from "./chart_theme";
import type { PointedSamples } from "./crosshair";
import { drawDot } from "./line_renderer";
import type { Panels } from "./panels";
import type { CanvasLayer, PlotArea } from "./surface";
import { sampleTime } from "./time_axis";

/* In pixels at the default font size. */
const DOT_RADIUS = 4;
const DOT_RING = 2;
const LINE_STRENGTH = 0.55;
const SELECTION_STRENGTH = 0.14;
/** Padding and height of the time label, in units of the font size. */
const BOX_PADDING = 0.4;
const BOX_HEIGHT = 1.5;

export class Overlay {
  readonly #layer: CanvasLayer;
  readonly #plotArea: PlotArea;
  readonly #axes: Axes;
  #from: number | undefined;
  #to: number | undefined;
  #isEmpty = true;

  constructor(layer: CanvasLayer, plotArea: PlotArea, axes: Axes) {
    this.#layer = layer;
    this.#plotArea = plotArea;
    this.#axes = axes;
  }

  /** Sets the selected range, as x coordinates; undefined if nothing is selected. */
  select(from: number | undefined, to: number | undefined): void {
    this.#from = from;
    this.#to = to;
  }

  draw(pointed: PointedSamples | undefined, scene: Scene, panels: Panels, theme: ChartTheme): void {
    if (!this.#isEmpty) this.#layer.clear();
    this.#isEmpty = pointed === undefined && this.#from === undefined;
    this.#drawSelection(theme);
    if (pointed === undefined) return;
    this.#drawLine(pointed, theme);
    for (let i = 0; i < scene.traces.length; i += 1)
      this.#drawSample(scene.traces[i] as Trace, pointed, i, panels, theme);
    this.#drawTime(pointed, theme);
  }

  #drawSelection(theme: ChartTheme): void {
    if (this.#from === undefined || this.#to === undefined) return;
    const { ctx } = this.#layer;
    const { left, right, top, height } = this.#plotArea;
    const begin = Math.max(left, Math.min(this.#from, this.#to));
    const end = Math.min(right, Math.max(this.#from, this.#to));
    ctx.globalAlpha = SELECTION_STRENGTH;
    ctx.fillStyle = theme.text;
    ctx.fillRect(begin, top, Math.max(0, end - begin), height);
    ctx.globalAlpha = 1;
  }

  #drawLine(pointed: PointedSamples, theme: ChartTheme): void {
    const { ctx } = this.#layer;
    ctx.globalAlpha = LINE_STRENGTH;
    ctx.fillStyle = theme.quiet;
    ctx.fillRect(this.#plotArea.x(pointed.at) - 0.5, this.#plotArea.top, 1, this.#plotArea.height);
    ctx.globalAlpha = 1;
  }

  #drawSample(
    { series }: Trace,
    pointed: PointedSamples,
    i: number,
    panels: Panels,
    theme: ChartTheme,
  ): void {
    const value = pointed.values[i] as number;
    if (Number.isNaN(value)) return;
    const { ctx } = this.#layer;
    const x = this.#plotArea.x(pointed.times[i] as number);
    const panel = panels.of(i);
    const y = panel.y(value);
    // Beyond a fixed end of the axis.
    if (y < panel.top || y > panel.bottom) return;
    ctx.fillStyle = theme.ground;
    drawDot(ctx, x, y, (DOT_RADIUS + DOT_RING) * theme.scale);
    ctx.fillStyle = theme.series[series.colour % COLOURS] as string;
    drawDot(ctx, x, y, DOT_RADIUS * theme.scale);
  }

  /** Draws the time label on the time axis, clamped to the canvas, in place of the labels that it touches. */
  #drawTime(pointed: PointedSamples, theme: ChartTheme): void {
    const { ctx, width: most } = this.#layer;
    const { fontPx } = theme;
    const text = sampleTime(pointed.at, pointed.periodMs);
    ctx.font = theme.font;
    const width = ctx.measureText(text).width + 2 * BOX_PADDING * fontPx;
    const x = Math.max(0, Math.min(most - width, this.#plotArea.x(pointed.at) - width / 2));
    const y = this.#plotArea.bottom + (fontPx * (2 * 0.9 + 1 - BOX_HEIGHT)) / 2;
    const [from, to] = this.#axes.timeSpanAround(x - BOX_PADDING * fontPx, x + width + BOX_PADDING * fontPx);
    ctx.fillStyle = theme.ground;
    ctx.fillRect(from, y, to - from, BOX_HEIGHT * fontPx);
    ctx.fillStyle = theme.text;
    ctx.beginPath();
    ctx.roundRect(x, y, width, BOX_HEIGHT * fontPx, BOX_PADDING * fontPx);
    ctx.fill();
    ctx.fillStyle = theme.ground;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(text, x + width / 2, y + (BOX_HEIGHT * fontPx) / 2);
  }
}
