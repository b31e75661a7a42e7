/**
 * Draws polylines on a canvas, each in its colour and dash pattern, with an end point; a sample without neighbours is a
 * dot. The oldest part of a line fades out at the left. It draws directly onto the canvas: a `Path2D` would have to be
 * rebuilt for every frame.
 */

import type { Scene, Trace } from "../scene";
import { newestPoint, noPoint } from "../scene/trace_point";
import { type ChartTheme, COLOURS, dashOf } from "./chart_theme";
import type { Panel, Panels } from "./panels";
import { Polyline } from "./polyline";
import type { PlotArea } from "./surface";

/* In pixels at the default font size. */
export const LINE_WIDTH = 2;
const DOT_RADIUS = 4;
/** Radius of a sample without neighbours, and where samples are denser than pixels. */
const SINGLE_RADIUS = 3;
const SINGLE_RADIUS_DENSE = 1.5;
/** Width of a decimated line, in pixels of any screen. */
const THIN_WIDTH = 1;
export const HALO_RADIUS = 9;
const HALO_STRENGTH = 0.2;
/** The share of the plot area over which the oldest part of the lines fades out. */
const FADE_SHARE = 0.08;

/** A long path costs the rasterizer three times as much as short ones (Chromium 2D canvas without a GPU). */
const STROKE_POINTS = 100;

/** The lowest and the highest sample, each with its spelling in the record. */
export interface ValueExtremes {
  readonly low: ExtremeValue;
  readonly high: ExtremeValue;
}

interface ExtremeValue {
  readonly value: number;
  readonly spelling: string | undefined;
}

export class LineRenderer {
  readonly #plot: PlotArea;
  readonly #polylines: Polyline[] = [];
  #fade: CanvasGradient | undefined;
  #fadeFrom = Number.NaN;
  #fadeTo = Number.NaN;

  constructor(plot: PlotArea) {
    this.#plot = plot;
  }

  /** Recomputes the polylines of a scene and passes their value ranges to the scales. */
  update(scene: Scene, panels: Panels): void {
    // A line is wider than one pixel on any screen: finer columns would only cost time.
    const columnMs = quantizedColumnMs(this.#plot.msPerPx);
    for (let i = 0; i < scene.traces.length; i += 1) {
      const trace = scene.traces[i] as Trace;
      const polyline = this.#polyline(i);
      polyline.trace(trace, scene.from, scene.to, columnMs);
      panels.include(trace.series, polyline.low, polyline.high);
    }
  }

  /** The visible extremes of a line of the last scene, by its index; undefined if it has no value in view. */
  extremes({ traces }: Scene, i: number): ValueExtremes | undefined {
    const { low, high, lowTime, highTime } = this.#polyline(i);
    if (low > high) return undefined;
    const trace = traces[i] as Trace;
    return { low: extremeValue(trace, lowTime, low), high: extremeValue(trace, highTime, high) };
  }

  /** Drops the cached gradient, which belongs to the old canvas. */
  forget(): void {
    this.#fade = undefined;
  }

  stroke(ctx: CanvasRenderingContext2D, scene: Scene, panels: Panels, theme: ChartTheme): void {
    ctx.lineCap = "round";
    ctx.lineJoin = "round";
    // The first series lies on top: it was there before others were added.
    for (let i = scene.traces.length - 1; i >= 0; i -= 1) {
      const { series } = scene.traces[i] as Trace;
      const index = series.colour % COLOURS;
      ctx.strokeStyle = theme.series[index] as string;
      ctx.fillStyle = theme.series[index] as string;
      const panel = panels.of(i);
      const polyline = this.#polyline(i);
      // Where samples are denser than pixels, thick or dashed lines would hide the shape and cost several times as
      // much.
      ctx.lineWidth = polyline.isDecimated ? THIN_WIDTH : LINE_WIDTH * theme.scale;
      ctx.setLineDash((polyline.isDecimated ? SOLID : theme.dashes[dashOf(series.colour)]) as number[]);
      const radius = polyline.isDecimated ? SINGLE_RADIUS_DENSE : SINGLE_RADIUS;
      if (panel.scale.isFixed) this.#clip(ctx, panel);
      this.#strokeLine(ctx, polyline, panel, radius * theme.scale);
      if (panel.scale.isFixed) ctx.restore();
    }
    ctx.setLineDash(SOLID);
    this.#fadeOut(ctx);
  }

  /** Draws the newest sample of each line, whose value is shown; with a halo if the view follows live. */
  drawEnds(ctx: CanvasRenderingContext2D, scene: Scene, panels: Panels, theme: ChartTheme): void {
    for (let i = scene.traces.length - 1; i >= 0; i -= 1) {
      const { series } = scene.traces[i] as Trace;
      const { endTime, endValue } = this.#polyline(i);
      if (!(endTime >= scene.from)) continue;
      const x = this.#plot.x(endTime);
      const panel = panels.of(i);
      const y = panel.y(endValue);
      ctx.fillStyle = theme.series[series.colour % COLOURS] as string;
      if (y < panel.top || y > panel.bottom) {
        drawBeyond(ctx, x, panel, y < panel.top, DOT_RADIUS * theme.scale);
        continue;
      }
      ctx.globalAlpha = HALO_STRENGTH;
      if (scene.isFollowing) drawDot(ctx, x, y, HALO_RADIUS * theme.scale);
      ctx.globalAlpha = 1;
      drawDot(ctx, x, y, DOT_RADIUS * theme.scale);
    }
  }

  #polyline(i: number): Polyline {
    let polyline = this.#polylines[i];
    if (polyline === undefined) {
      polyline = new Polyline();
      this.#polylines[i] = polyline;
    }
    return polyline;
  }

  /**
   * Draws a line in strokes of `STROKE_POINTS`. The dash pattern continues from stroke to stroke and from frame to
   * frame, so dashes travel with the line. A run shorter than its dot is drawn as a dot.
   */
  #strokeLine(ctx: CanvasRenderingContext2D, polyline: Polyline, panel: Panel, radius: number): void {
    const plot = this.#plot;
    const pxPerValue = panel.height / (panel.scale.range.high - panel.scale.range.low);
    let way = polyline.phase(1 / plot.msPerPx, pxPerValue);
    let runStart = way;
    let points = 0;
    let lastX = 0;
    let lastY = 0;
    for (let i = 0; i < polyline.length; i += 1) {
      const value = polyline.value(i);
      if (Number.isNaN(value)) {
        if (points > 0) finishRun(ctx, way - runStart < radius, lastX, lastY, radius);
        points = 0;
        way = 0;
        runStart = 0;
        continue;
      }
      const x = plot.x(polyline.time(i));
      const y = panel.y(value);
      if (points === 0) beginAt(ctx, x, y, way);
      else way += Math.hypot(x - lastX, y - lastY);
      ctx.lineTo(x, y);
      points += 1;
      lastX = x;
      lastY = y;
      if (points % STROKE_POINTS !== 0) continue;
      ctx.stroke();
      beginAt(ctx, x, y, way);
    }
    if (points > 0) finishRun(ctx, way - runStart < radius, lastX, lastY, radius);
  }

  /** Confines a line to its panel, whose range it may leave. */
  #clip(ctx: CanvasRenderingContext2D, { top, height }: Panel): void {
    const { left, width } = this.#plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, top, left + width + HALO_RADIUS, height);
    ctx.clip();
  }

  /** Erases towards the left edge, whatever the colours. */
  #fadeOut(ctx: CanvasRenderingContext2D): void {
    const { left, width, bottom } = this.#plot;
    const to = left + width * FADE_SHARE;
    if (this.#fade === undefined || this.#fadeFrom !== left || this.#fadeTo !== to) {
      this.#fade = ctx.createLinearGradient(left, 0, to, 0);
      this.#fade.addColorStop(0, "#000");
      this.#fade.addColorStop(1, "#0000");
      this.#fadeFrom = left;
      this.#fadeTo = to;
    }
    ctx.globalCompositeOperation = "destination-out";
    ctx.fillStyle = this.#fade;
    ctx.fillRect(0, 0, to, bottom);
    ctx.globalCompositeOperation = "source-over";
  }
}

const SOLID: number[] = [];

function extremeValue(trace: Trace, time: number, value: number): ExtremeValue {
  const point = noPoint();
  return { value, spelling: newestPoint(trace, time, time, point) ? point.spelling : undefined };
}

function beginAt(ctx: CanvasRenderingContext2D, x: number, y: number, way: number): void {
  ctx.lineDashOffset = way;
  ctx.beginPath();
  ctx.moveTo(x, y);
}

function finishRun(
  ctx: CanvasRenderingContext2D,
  isSingle: boolean,
  x: number,
  y: number,
  radius: number,
): void {
  ctx.stroke();
  if (isSingle) drawDot(ctx, x, y, radius);
}

/** An arrow head at the edge of a panel, in place of a dot that lies beyond it. */
function drawBeyond(
  ctx: CanvasRenderingContext2D,
  x: number,
  { top, bottom }: Panel,
  isAbove: boolean,
  size: number,
): void {
  const edge = isAbove ? top : bottom;
  const base = edge + (isAbove ? 2 : -2) * size;
  ctx.beginPath();
  ctx.moveTo(x, edge);
  ctx.lineTo(x - size, base);
  ctx.lineTo(x + size, base);
  ctx.fill();
}

export function drawDot(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * Rounds a column width so that it is the same in every frame: instants are floating-point numbers, and column
 * boundaries counted from 1970 would shift with the slightest change of width.
 */
export function quantizedColumnMs(columnMs: number): number {
  return 2 ** (Math.round(Math.log2(columnMs) * 4) / 4);
}
