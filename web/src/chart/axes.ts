/**
 * Draws the grid, the value axes at the sides and the time axis below. It takes the scales as given; the edges of the
 * plot area follow from the room that the axis labels need.
 */

import type { ChartTheme } from "./chart_theme";
import { HALO_RADIUS } from "./line_renderer";
import type { Scale, Scales } from "./scale";
import type { PlotArea } from "./surface";
import { fadeOpacity, TimeMarks } from "./time_axis";

/* In units of the font size. */
const GAP = 0.7;
const DIGIT_WIDTH = 0.62;
const TIMES_HEIGHT = 2.4;
const TIMES_AT = 0.9;
const FADE = 1.5;
const ROOM_PER_MARK = 8;
const ROOM_PER_VALUE = 4;
/** Minimum width of the left axis in characters: a minus sign that comes and goes must not move the whole chart. */
const WIDTH_LEAST = 4;
/** Minimum number of values on an axis, where there is any room. */
const VALUES_LEAST = 3;

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
  layout(width: number, height: number, scales: Scales, theme: ChartTheme): void {
    const plotArea = this.#plot;
    const { fontPx } = theme;
    plotArea.top = fontPx * (scales.areMixed ? 2.4 : 1);
    plotArea.height = Math.max(1, height - plotArea.top - fontPx * TIMES_HEIGHT);
    const most = Math.max(VALUES_LEAST, Math.floor(plotArea.height / (fontPx * ROOM_PER_VALUE)));
    scales.left?.updateTicks(most);
    scales.right?.updateTicks(most);
    this.#widthLeft = Math.max(this.#widthLeft, scales.left?.widest ?? 0);
    this.#widthRight = Math.max(this.#widthRight, scales.right?.widest ?? 0);
    plotArea.left = fontPx * (this.#widthLeft * DIGIT_WIDTH + 2 * GAP);
    const axis = this.#widthRight === 0 ? 0 : fontPx * (this.#widthRight * DIGIT_WIDTH + GAP);
    const right = width - HALO_RADIUS * theme.scale - fontPx / 2 - axis;
    plotArea.width = Math.max(1, right - plotArea.left);
    this.#marks.cover(plotArea.from, plotArea.to, plotArea.msPerPx * fontPx * ROOM_PER_MARK);
  }

  /** Drawn behind everything that is already on the canvas. */
  drawGrid(ctx: CanvasRenderingContext2D, scales: Scales, theme: ChartTheme): void {
    const { left, top, width, height, right, bottom } = this.#plot;
    const { instants } = this.#marks;
    ctx.globalCompositeOperation = "destination-over";
    ctx.fillStyle = theme.grid;
    for (let i = 0; i < instants.length; i += 1) {
      const x = this.#plot.x(instants[i] as number);
      if (x >= left && x <= right) ctx.fillRect(x - 0.5, top, 1, height);
    }
    const scale = scales.left;
    for (let i = 0; scale !== undefined && i < scale.ticks.length; i += 1) {
      const y = this.#plot.y(scale, scale.ticks[i] as number);
      if (y >= top - 0.5 && y <= bottom + 0.5) ctx.fillRect(left, y - 0.5, width, 1);
    }
    ctx.globalCompositeOperation = "source-over";
  }

  drawValues(ctx: CanvasRenderingContext2D, scales: Scales, theme: ChartTheme): void {
    const { left, right } = this.#plot;
    ctx.font = theme.font;
    ctx.fillStyle = theme.quiet;
    ctx.textBaseline = "middle";
    // Right-aligned on the right axis too, so that digits line up.
    ctx.textAlign = "right";
    if (scales.left) this.#drawAxis(ctx, scales.left, left - theme.fontPx * GAP, theme);
    const atRight = right + theme.fontPx * (this.#widthRight * DIGIT_WIDTH + GAP);
    if (scales.right) this.#drawAxis(ctx, scales.right, atRight, theme);
    if (!scales.areMixed) return;
    ctx.textBaseline = "top";
    if (scales.left) ctx.fillText(scales.left.unit, left - theme.fontPx * GAP, 0);
    if (scales.right) ctx.fillText(scales.right.unit, atRight, 0);
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
  #drawAxis(ctx: CanvasRenderingContext2D, scale: Scale, x: number, { fontPx }: ChartTheme): void {
    const { top, bottom } = this.#plot;
    for (let i = 0; i < scale.ticks.length; i += 1) {
      const y = this.#plot.y(scale, scale.ticks[i] as number);
      ctx.globalAlpha = fadeOpacity(y, top - fontPx, bottom + fontPx, fontPx);
      if (ctx.globalAlpha > 0) ctx.fillText(scale.texts[i] as string, x, y);
    }
    ctx.globalAlpha = 1;
  }
}
