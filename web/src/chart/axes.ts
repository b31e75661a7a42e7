/**
 * What stands around the lines: a faint grid, values at the sides, time below. It is told the scales and draws; the plot's
 * edges follow from what it needs.
 */

import { HALO_RADIUS } from "./lines";
import type { Look } from "./look";
import type { Plot } from "./plot";
import type { Scale, Scales } from "./scale";
import { strength } from "./time_axis";
import { TimeMarks } from "./time_marks";

/* In units of the type's size. */
const GAP = 0.7;
const DIGIT_WIDTH = 0.62;
const TIMES_HEIGHT = 2.4;
const TIMES_AT = 0.9;
const FADE = 1.5;
const ROOM_PER_MARK = 8;
const ROOM_PER_VALUE = 4;
/** In characters: a minus sign that comes and goes must not move the whole chart. */
const WIDTH_LEAST = 4;
/** Values on an axis, at least, where there is any room. */
const VALUES_LEAST = 3;

export class Axes {
  readonly #plot: Plot;
  readonly #marks = new TimeMarks();
  /** In characters; never narrower again, so that the plot stands still. */
  #widthLeft = WIDTH_LEAST;
  #widthRight = 0;

  constructor(plot: Plot) {
    this.#plot = plot;
  }

  /** Another size or another set of lines: the axes may be narrower again. */
  forget(): void {
    this.#widthLeft = WIDTH_LEAST;
    this.#widthRight = 0;
  }

  /** Gives the axes their values and the plot its room. */
  arrange(width: number, height: number, scales: Scales, look: Look): void {
    const plot = this.#plot;
    const { fontPx } = look;
    plot.top = fontPx * (scales.areMixed ? 2.4 : 1);
    plot.height = Math.max(1, height - plot.top - fontPx * TIMES_HEIGHT);
    const most = Math.max(VALUES_LEAST, Math.floor(plot.height / (fontPx * ROOM_PER_VALUE)));
    scales.left?.mark(most);
    scales.right?.mark(most);
    this.#widthLeft = Math.max(this.#widthLeft, scales.left?.widest ?? 0);
    this.#widthRight = Math.max(this.#widthRight, scales.right?.widest ?? 0);
    plot.left = fontPx * (this.#widthLeft * DIGIT_WIDTH + 2 * GAP);
    const axis = this.#widthRight === 0 ? 0 : fontPx * (this.#widthRight * DIGIT_WIDTH + GAP);
    const right = width - HALO_RADIUS * look.scale - fontPx / 2 - axis;
    plot.width = Math.max(1, right - plot.left);
    this.#marks.cover(plot.from, plot.to, plot.msPerPx * fontPx * ROOM_PER_MARK);
  }

  /** Behind whatever has been drawn so far. */
  drawGrid(ctx: CanvasRenderingContext2D, scales: Scales, look: Look): void {
    const { left, top, width, height, right, bottom } = this.#plot;
    const { instants } = this.#marks;
    ctx.globalCompositeOperation = "destination-over";
    ctx.fillStyle = look.grid;
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

  drawValues(ctx: CanvasRenderingContext2D, scales: Scales, look: Look): void {
    const { left, right } = this.#plot;
    ctx.font = look.font;
    ctx.fillStyle = look.quiet;
    ctx.textBaseline = "middle";
    // At the far right also for the other axis, so that digits stand under digits.
    ctx.textAlign = "right";
    if (scales.left) this.#drawAxis(ctx, scales.left, left - look.fontPx * GAP, look);
    const atRight = right + look.fontPx * (this.#widthRight * DIGIT_WIDTH + GAP);
    if (scales.right) this.#drawAxis(ctx, scales.right, atRight, look);
    if (!scales.areMixed) return;
    ctx.textBaseline = "top";
    if (scales.left) ctx.fillText(scales.left.unit, left - look.fontPx * GAP, 0);
    if (scales.right) ctx.fillText(scales.right.unit, atRight, 0);
  }

  drawTimes(ctx: CanvasRenderingContext2D, look: Look): void {
    const { right, bottom } = this.#plot;
    const { instants, texts } = this.#marks;
    ctx.font = look.font;
    ctx.fillStyle = look.quiet;
    ctx.textBaseline = "top";
    const y = bottom + look.fontPx * TIMES_AT;
    const begin = this.#drawDate(ctx, y, look);
    ctx.textAlign = "center";
    const half = ((texts[0]?.length ?? 0) * DIGIT_WIDTH * look.fontPx) / 2;
    const edge = right + HALO_RADIUS * look.scale;
    for (let i = 0; i < instants.length; i += 1) {
      const x = this.#plot.x(instants[i] as number);
      // Gone before it would be cut off, or run into what stands before it.
      ctx.globalAlpha = strength(x, begin + half, edge - half, FADE * look.fontPx);
      if (ctx.globalAlpha > 0) ctx.fillText(texts[i] as string, x, y);
    }
    ctx.globalAlpha = 1;
  }

  /** Zone and day, before the times and in one row with them: a row of their own would be taken from the line. The result is where they end. */
  #drawDate(ctx: CanvasRenderingContext2D, y: number, { fontPx, text, quiet }: Look): number {
    const { left } = this.#plot;
    const { zone, date } = this.#marks;
    ctx.textAlign = "left";
    const width = ctx.measureText(zone).width;
    // Below the values as far as there is room, else from the very left.
    const x = Math.max(0, left - GAP * fontPx - width);
    ctx.fillText(zone, x, y);
    const begin = Math.max(left, x + width + GAP * fontPx);
    if (date === "") return begin;
    ctx.fillStyle = text;
    ctx.fillText(date, begin, y);
    ctx.fillStyle = quiet;
    return begin + ctx.measureText(date).width + GAP * fontPx;
  }

  /** The outermost fade within a line's height of the plot: they come and go without a jump while the range glides. */
  #drawAxis(ctx: CanvasRenderingContext2D, scale: Scale, x: number, { fontPx }: Look): void {
    const { top, bottom } = this.#plot;
    for (let i = 0; i < scale.ticks.length; i += 1) {
      const y = this.#plot.y(scale, scale.ticks[i] as number);
      ctx.globalAlpha = strength(y, top - fontPx, bottom + fontPx, fontPx);
      if (ctx.globalAlpha > 0) ctx.fillText(scale.texts[i] as string, x, y);
    }
    ctx.globalAlpha = 1;
  }
}
