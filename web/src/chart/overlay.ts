/**
 * What lies over the picture and is this viewer's own: the crosshair with its time, and a range that is being picked.
 * It has a canvas of its own, so that a pointer over a picture that stands still costs next to nothing.
 */

import type { Scene, Trace } from "../scene";
import type { Pointed } from "./crosshair";
import { drawDot } from "./lines";
import { COLOURS, type Look } from "./look";
import type { Plot } from "./plot";
import type { Scales } from "./scale";
import type { Sheet } from "./sheet";
import { sampleTime } from "./time_axis";

/* In pixels of a screen with type at its usual size. */
const DOT_RADIUS = 4;
const DOT_RING = 2;
const LINE_STRENGTH = 0.55;
const SELECTION_STRENGTH = 0.14;
/** Of the box around the time, in units of the type's size. */
const BOX_PADDING = 0.4;
const BOX_HEIGHT = 1.5;

export class Overlay {
  readonly #sheet: Sheet;
  readonly #plot: Plot;
  #from: number | undefined;
  #to: number | undefined;
  #isEmpty = true;

  constructor(sheet: Sheet, plot: Plot) {
    this.#sheet = sheet;
    this.#plot = plot;
  }

  /** Two places on the screen; undefined: nothing is being picked. */
  select(from: number | undefined, to: number | undefined): void {
    this.#from = from;
    this.#to = to;
  }

  draw(pointed: Pointed | undefined, scene: Scene, scales: Scales, look: Look): void {
    if (!this.#isEmpty) this.#sheet.clear();
    this.#isEmpty = pointed === undefined && this.#from === undefined;
    this.#drawSelection(look);
    if (pointed === undefined) return;
    this.#drawLine(pointed, look);
    for (let i = 0; i < scene.traces.length; i += 1)
      this.#drawSample(scene.traces[i] as Trace, pointed, i, scales, look);
    this.#drawTime(pointed, look);
  }

  #drawSelection(look: Look): void {
    if (this.#from === undefined || this.#to === undefined) return;
    const { ctx } = this.#sheet;
    const { left, right, top, height } = this.#plot;
    const begin = Math.max(left, Math.min(this.#from, this.#to));
    const end = Math.min(right, Math.max(this.#from, this.#to));
    ctx.globalAlpha = SELECTION_STRENGTH;
    ctx.fillStyle = look.text;
    ctx.fillRect(begin, top, Math.max(0, end - begin), height);
    ctx.globalAlpha = 1;
  }

  #drawLine(pointed: Pointed, look: Look): void {
    const { ctx } = this.#sheet;
    ctx.globalAlpha = LINE_STRENGTH;
    ctx.fillStyle = look.quiet;
    ctx.fillRect(this.#plot.x(pointed.at) - 0.5, this.#plot.top, 1, this.#plot.height);
    ctx.globalAlpha = 1;
  }

  #drawSample({ series }: Trace, pointed: Pointed, i: number, scales: Scales, look: Look): void {
    const value = pointed.values[i] as number;
    if (Number.isNaN(value)) return;
    const { ctx } = this.#sheet;
    const x = this.#plot.x(pointed.times[i] as number);
    const y = this.#plot.y(scales.of(series.field.unit), value);
    ctx.fillStyle = look.ground;
    drawDot(ctx, x, y, (DOT_RADIUS + DOT_RING) * look.scale);
    ctx.fillStyle = look.series[series.colour % COLOURS] as string;
    drawDot(ctx, x, y, DOT_RADIUS * look.scale);
  }

  /** At the lower edge, where the other times are; it never leaves the plot. */
  #drawTime(pointed: Pointed, look: Look): void {
    const { ctx, width: most } = this.#sheet;
    const { fontPx } = look;
    const text = sampleTime(pointed.at, pointed.periodMs);
    ctx.font = look.font;
    const width = ctx.measureText(text).width + 2 * BOX_PADDING * fontPx;
    const x = Math.max(0, Math.min(most - width, this.#plot.x(pointed.at) - width / 2));
    const y = this.#plot.bottom + (fontPx * (2 * 0.9 + 1 - BOX_HEIGHT)) / 2;
    ctx.fillStyle = look.text;
    ctx.beginPath();
    ctx.roundRect(x, y, width, BOX_HEIGHT * fontPx, BOX_PADDING * fontPx);
    ctx.fill();
    ctx.fillStyle = look.ground;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(text, x + width / 2, y + (BOX_HEIGHT * fontPx) / 2);
  }
}
