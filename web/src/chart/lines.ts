/**
 * Strokes: outlines on a canvas, each in its colour, with its end. The oldest of a line fades out at the left. It
 * draws straight onto the canvas: a path of its own would be made anew for every frame.
 */

import type { Scene, Trace } from "../scene";
import { COLOURS, type Look } from "./look";
import { Outline } from "./outline";
import type { Plot } from "./plot";
import type { Scale, Scales } from "./scale";

/* In pixels of a screen with type at its usual size. */
export const LINE_WIDTH = 2;
const DOT_RADIUS = 4;
/** Of a line with more samples than places, in pixels of any screen. */
const THIN_WIDTH = 1;
export const HALO_RADIUS = 9;
const HALO_STRENGTH = 0.2;
/** The part of the plot in which the oldest of the lines fades out. */
const FADE_SHARE = 0.08;

/** One long path costs the rasterizer three times as much as short ones do (Chromium 2D canvas without a GPU). */
const STROKE_POINTS = 100;

export interface Extremes {
  readonly low: number;
  readonly high: number;
}

export class Lines {
  readonly #plot: Plot;
  readonly #outlines: Outline[] = [];
  #fade: CanvasGradient | undefined;
  #fadeFrom = Number.NaN;
  #fadeTo = Number.NaN;

  constructor(plot: Plot) {
    this.#plot = plot;
  }

  /** Follows all lines of a scene, and tells the scales what they must hold. */
  follow(scene: Scene, scales: Scales): void {
    // A line is wider than one pixel of whatever screen: finer columns would only cost.
    const columnMs = steady(this.#plot.msPerPx);
    for (let i = 0; i < scene.traces.length; i += 1) {
      const trace = scene.traces[i] as Trace;
      const outline = this.#outline(i);
      outline.trace(trace, scene.from, scene.to, columnMs);
      scales.include(trace.series.field.unit, outline.low, outline.high);
    }
  }

  /** The lowest and the highest value of a line, by its place in the scene followed last; undefined: it has none in view. */
  extremes(i: number): Extremes | undefined {
    const { low, high } = this.#outline(i);
    return low <= high ? { low, high } : undefined;
  }

  /** A new canvas knows nothing of what was made for the old one. */
  forget(): void {
    this.#fade = undefined;
  }

  stroke(ctx: CanvasRenderingContext2D, scene: Scene, scales: Scales, look: Look): void {
    ctx.lineCap = "round";
    ctx.lineJoin = "round";
    // The first lies on top: it is the one that was there before others were added.
    for (let i = scene.traces.length - 1; i >= 0; i -= 1) {
      const { series } = scene.traces[i] as Trace;
      const place = series.colour % COLOURS;
      ctx.strokeStyle = look.series[place] as string;
      const scale = scales.of(series.field.unit);
      const outline = this.#outline(i);
      // Where it is all up and down, thick or dashed lines would only hide their shape, and cost several times as much.
      ctx.lineWidth = outline.isThinned ? THIN_WIDTH : LINE_WIDTH * look.scale;
      ctx.setLineDash((outline.isThinned ? WHOLE : look.dashes[place]) as number[]);
      this.#run(ctx, outline, scale);
    }
    ctx.setLineDash(WHOLE);
    this.#fadeOut(ctx);
  }

  /** Where lines that keep up with now end. */
  drawEnds(ctx: CanvasRenderingContext2D, scene: Scene, scales: Scales, look: Look): void {
    for (let i = scene.traces.length - 1; i >= 0; i -= 1) {
      const { series } = scene.traces[i] as Trace;
      const { endTime, endValue } = this.#outline(i);
      if (!(endTime >= scene.from)) continue;
      const x = this.#plot.x(endTime);
      const y = this.#plot.y(scales.of(series.field.unit), endValue);
      ctx.fillStyle = look.series[series.colour % COLOURS] as string;
      ctx.globalAlpha = HALO_STRENGTH;
      drawDot(ctx, x, y, HALO_RADIUS * look.scale);
      ctx.globalAlpha = 1;
      drawDot(ctx, x, y, DOT_RADIUS * look.scale);
    }
  }

  #outline(i: number): Outline {
    let outline = this.#outlines[i];
    if (outline === undefined) {
      outline = new Outline();
      this.#outlines[i] = outline;
    }
    return outline;
  }

  /** In strokes of a hundred points. Dashes go on from stroke to stroke, and from frame to frame: they travel with the line. */
  #run(ctx: CanvasRenderingContext2D, outline: Outline, scale: Scale): void {
    const plot = this.#plot;
    const pxPerValue = plot.height / (scale.range.high - scale.range.low);
    let way = outline.phase(1 / plot.msPerPx, pxPerValue);
    let points = 0;
    let lastX = 0;
    let lastY = 0;
    for (let i = 0; i < outline.length; i += 1) {
      const value = outline.value(i);
      if (Number.isNaN(value)) {
        if (points > 0) ctx.stroke();
        points = 0;
        way = 0;
        continue;
      }
      const x = plot.x(outline.time(i));
      const y = plot.y(scale, value);
      if (points === 0) beginAt(ctx, x, y, way);
      else way += Math.hypot(x - lastX, y - lastY);
      // Also after moving: a sample alone between two gaps is a dot, not nothing.
      ctx.lineTo(x, y);
      points += 1;
      lastX = x;
      lastY = y;
      if (points % STROKE_POINTS !== 0) continue;
      ctx.stroke();
      beginAt(ctx, x, y, way);
    }
    if (points > 0) ctx.stroke();
  }

  /** Takes away from what has been drawn so far, whatever its colour. */
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

const WHOLE: number[] = [];

function beginAt(ctx: CanvasRenderingContext2D, x: number, y: number, way: number): void {
  ctx.lineDashOffset = way;
  ctx.beginPath();
  ctx.moveTo(x, y);
}

export function drawDot(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * A width close to this one, and the same in every frame: instants are no exact numbers, and columns that differ by
 * a hair are cut elsewhere after so many since 1970.
 */
export function steady(columnMs: number): number {
  return 2 ** (Math.round(Math.log2(columnMs) * 4) / 4);
}
