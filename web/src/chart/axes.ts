/**
 * Draws the grid, the value axes at the sides of the panels and the time axis below. It takes the panels as given; the
 * edges of the plot area follow from the room that the axis labels need.
 */

import type { ChartTheme } from "./chart_theme";
import { HALO_RADIUS } from "./line_renderer";
import type { Panel, Panels } from "./panels";
import type { PlotArea } from "./surface";
import { fadeOpacity, TimeMarks } from "./time_axis";

/* In units of the font size. */
const GAP = 0.7;
const DIGIT_WIDTH = 0.62;
const TIMES_HEIGHT = 2.4;
const TIMES_AT = 0.9;
const TITLE_ABOVE = 0.45;
const FADE = 1.5;
const ROOM_PER_MARK = 8;
/** Minimum width of the left axis in characters: a minus sign that comes and goes must not move the whole chart. */
const WIDTH_LEAST = 4;
/** Dashes of a threshold, in pixels. */
const THRESHOLD_DASH = [5, 4];

export class Axes {
  readonly #plot: PlotArea;
  readonly #marks = new TimeMarks();
  /** Axis widths in characters. They never shrink, so that the plot area stays put. */
  #widthLeft = WIDTH_LEAST;
  #widthRight = 0;
  /** Left and right ends of the texts in the row of times, as last drawn, in pairs. */
  readonly #timeSpans: number[] = [];

  constructor(plotArea: PlotArea) {
    this.#plot = plotArea;
  }

  /** After a change of size or of the visible series, the axes may become narrower again. */
  forget(): void {
    this.#widthLeft = WIDTH_LEAST;
    this.#widthRight = 0;
  }

  /** Computes the ticks and lays out the plot area. */
  layout(width: number, height: number, panels: Panels, theme: ChartTheme): void {
    const plotArea = this.#plot;
    const { fontPx } = theme;
    panels.layout(plotArea, height - fontPx * TIMES_HEIGHT, fontPx);
    for (const { axis, scale } of panels.used) {
      if (axis === "left") this.#widthLeft = Math.max(this.#widthLeft, scale.widest);
      if (axis === "right") this.#widthRight = Math.max(this.#widthRight, scale.widest);
    }
    plotArea.left = fontPx * (this.#widthLeft * DIGIT_WIDTH + 2 * GAP);
    const axis = this.#widthRight === 0 ? 0 : fontPx * (this.#widthRight * DIGIT_WIDTH + GAP);
    const right = width - HALO_RADIUS * theme.scale - fontPx / 2 - axis;
    plotArea.width = Math.max(1, right - plotArea.left);
    this.#marks.cover(plotArea.from, plotArea.to, plotArea.msPerPx * fontPx * ROOM_PER_MARK);
  }

  /** Drawn behind everything that is already on the canvas. */
  drawGrid(ctx: CanvasRenderingContext2D, panels: Panels, theme: ChartTheme): void {
    ctx.globalCompositeOperation = "destination-over";
    for (let i = 0; i < panels.used.length; i += 1) {
      const panel = panels.used[i] as Panel;
      if (panel.axis === "left") this.#drawGridOf(ctx, panel, theme);
    }
    ctx.globalCompositeOperation = "source-over";
  }

  drawValues(ctx: CanvasRenderingContext2D, panels: Panels, theme: ChartTheme): void {
    const { left, right } = this.#plot;
    const atLeft = left - theme.fontPx * GAP;
    const atRight = right + theme.fontPx * (this.#widthRight * DIGIT_WIDTH + GAP);
    const isTitled = panels.used.length > 1;
    ctx.font = theme.font;
    ctx.fillStyle = theme.quiet;
    for (let i = 0; i < panels.used.length; i += 1) {
      const panel = panels.used[i] as Panel;
      if (panel.axis === "none") continue;
      const x = panel.axis === "left" ? atLeft : atRight;
      // Right-aligned on the right axis too, so that digits line up.
      ctx.textAlign = "right";
      ctx.textBaseline = "middle";
      this.#drawAxis(ctx, panel, x, theme);
      if (isTitled) this.#drawTitle(ctx, panel, panels.areStacked ? left : x, panels.areStacked, theme);
    }
  }

  #drawGridOf(ctx: CanvasRenderingContext2D, panel: Panel, theme: ChartTheme): void {
    const { left, width, right } = this.#plot;
    const { top, height, bottom, scale } = panel;
    const { instants } = this.#marks;
    // What is drawn first lies on top here.
    this.#drawThresholds(ctx, panel, theme);
    ctx.fillStyle = theme.grid;
    for (let i = 0; i < instants.length; i += 1) {
      const x = this.#plot.x(instants[i] as number);
      if (x >= left && x <= right) ctx.fillRect(x - 0.5, top, 1, height);
    }
    for (let i = 0; i < scale.ticks.length; i += 1) {
      const y = panel.y(scale.ticks[i] as number);
      if (y >= top - 0.5 && y <= bottom + 0.5) ctx.fillRect(left, y - 0.5, width, 1);
    }
  }

  #drawThresholds(ctx: CanvasRenderingContext2D, panel: Panel, theme: ChartTheme): void {
    const { left, right } = this.#plot;
    ctx.fillStyle = theme.warn;
    for (let i = 0; i < panel.thresholds.length; i += 1) {
      const y = panel.y(panel.thresholds[i] as number);
      if (y < panel.top - 0.5 || y > panel.bottom + 0.5) continue;
      const [dash, gap] = THRESHOLD_DASH as [number, number];
      // Filled, not stroked: only lines of data are.
      for (let x = left; x < right; x += dash + gap)
        ctx.fillRect(x, y - 0.75, Math.min(dash, right - x), 1.5);
    }
  }

  /** Above a stacked panel at its left edge, above an axis of overlaid ones in its row. */
  #drawTitle(
    ctx: CanvasRenderingContext2D,
    { title, top, unit }: Panel,
    x: number,
    isStacked: boolean,
    { fontPx }: ChartTheme,
  ): void {
    ctx.textBaseline = isStacked ? "bottom" : "top";
    ctx.textAlign = isStacked ? "left" : "right";
    if (isStacked) ctx.fillText(title, x, top - TITLE_ABOVE * fontPx, this.#plot.width);
    else ctx.fillText(unit, x, 0);
  }

  drawTimes(ctx: CanvasRenderingContext2D, theme: ChartTheme): void {
    const { right, bottom } = this.#plot;
    const { instants, texts } = this.#marks;
    ctx.font = theme.font;
    ctx.fillStyle = theme.quiet;
    ctx.textBaseline = "top";
    const y = bottom + theme.fontPx * TIMES_AT;
    this.#timeSpans.length = 0;
    const begin = this.#drawDate(ctx, y, theme);
    ctx.textAlign = "center";
    const edge = right + HALO_RADIUS * theme.scale;
    let free = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < instants.length; i += 1) {
      const text = texts[i] as string;
      const half = (text.length * DIGIT_WIDTH * theme.fontPx) / 2;
      const x = this.#plot.x(instants[i] as number);
      // A label with a zone may be too long for its place.
      if (x - half < free) continue;
      free = x + half;
      // Faded out before it would be cut off or overlap the date at the left.
      ctx.globalAlpha = fadeOpacity(x, begin + half, edge - half, FADE * theme.fontPx);
      if (ctx.globalAlpha > 0) this.#drawTime(ctx, text, x, y);
    }
    ctx.globalAlpha = 1;
  }

  /**
   * The range from `left` to `right`, extended to the ends of the texts in the row of times that it touches: a label
   * drawn over part of a text would leave digits that read as another time.
   */
  timeSpanAround(left: number, right: number): readonly [left: number, right: number] {
    let [from, to] = [left, right];
    for (let i = 0; i < this.#timeSpans.length; i += 2) {
      const [begin, end] = [this.#timeSpans[i] as number, this.#timeSpans[i + 1] as number];
      if (end < left || begin > right) continue;
      from = Math.min(from, begin);
      to = Math.max(to, end);
    }
    return [from, to];
  }

  #drawTime(ctx: CanvasRenderingContext2D, text: string, x: number, y: number): void {
    const half = ctx.measureText(text).width / 2;
    ctx.fillText(text, x, y);
    this.#timeSpans.push(x - half, x + half);
  }

  /**
   * Draws time zone and day left of the times, in the same row: a row of their own would take height from the plot.
   * Returns the x at which they end.
   */
  #drawDate(ctx: CanvasRenderingContext2D, y: number, { fontPx, text, quiet }: ChartTheme): number {
    const { left } = this.#plot;
    const { zone, date } = this.#marks;
    ctx.textAlign = "left";
    const width = ctx.measureText(zone).width;
    // Below the value axis if there is room, else at the very left.
    const x = Math.max(0, left - GAP * fontPx - width);
    ctx.fillText(zone, x, y);
    this.#timeSpans.push(x, x + width);
    const begin = Math.max(left, x + width + GAP * fontPx);
    if (date === "") return begin;
    ctx.fillStyle = text;
    ctx.fillText(date, begin, y);
    ctx.fillStyle = quiet;
    const end = begin + ctx.measureText(date).width;
    this.#timeSpans.push(begin, end);
    return end + GAP * fontPx;
  }

  /**
   * Values near the ends fade within one line height, so that they appear and disappear smoothly while the range
   * animates.
   */
  #drawAxis(ctx: CanvasRenderingContext2D, panel: Panel, x: number, { fontPx }: ChartTheme): void {
    const { top, bottom, scale } = panel;
    let free = Number.POSITIVE_INFINITY;
    for (let i = 0; i < scale.ticks.length; i += 1) {
      const y = panel.y(scale.ticks[i] as number);
      // A low panel may not have room for every label.
      if (y > free) continue;
      if (y < bottom + fontPx) free = y - fontPx;
      ctx.globalAlpha = fadeOpacity(y, top - fontPx, bottom + fontPx, fontPx);
      if (ctx.globalAlpha > 0) ctx.fillText(scale.texts[i] as string, x, y);
    }
    ctx.globalAlpha = 1;
  }
}
