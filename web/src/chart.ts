/**
 * The picture on the canvas: one line, its end, faint grid, time below and values at the side. It is told
 * what to show and for which instant; it keeps no samples and decides no time. uPlot is used here only.
 */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { extremes, type Point, traceLine } from "./chart/line";
import { CalmRange } from "./chart/range";
import { marks, stepFor, strength, wallTime } from "./chart/time_axis";
import type { Picture } from "./timeline";

export interface ChartOptions {
  readonly host: HTMLElement;
  readonly windowMs: number;
  /** A value as the axis shows it. */
  readonly format: (value: number) => string;
}

/** Colours come from the style sheet, so that it alone decides about themes. */
interface Palette {
  readonly line: string;
  readonly faded: string;
  readonly halo: string;
  readonly grid: string;
  readonly text: string;
}

/** The part of the window in which the oldest of the line fades out. */
const FADE_SHARE = 0.08;
/* In pixels of a screen with type at its usual size. */
const LINE_WIDTH = 2;
const DOT_RADIUS = 4;
const HALO_RADIUS = 9;
const FONT_PX = 13;
const FONT_PX_MIN = 11;

const NOTHING: Picture = {
  times: new Float64Array(0),
  values: new Float64Array(0),
  seqs: new Float64Array(0),
  playhead: 0,
};

export class Chart {
  readonly #options: ChartOptions;
  readonly #range = new CalmRange();
  #plot: uPlot | undefined;
  #picture: Picture = NOTHING;
  #drawnAt = 0;
  #palette: Palette = { line: "", faded: "", halo: "", grid: "", text: "" };
  #end: Point | undefined;
  #step = 1_000;
  #fontPx = FONT_PX;
  #fontFamily = "sans-serif";
  #scale = 1;

  constructor(options: ChartOptions) {
    this.#options = options;
  }

  /** Adopts the present size and colours of the page. */
  fit(): void {
    const { host } = this.#options;
    const { clientWidth: width, clientHeight: height } = host;
    this.#plot?.destroy();
    this.#plot = undefined;
    if (width === 0 || height === 0) return;
    this.#palette = readPalette(host);
    // The style sheet sizes type for the screen, telephone or wall; line and labels follow it.
    this.#scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    this.#fontPx = Math.max(FONT_PX_MIN, Math.min(FONT_PX * this.#scale, width / 32));
    this.#step = stepFor((this.#options.windowMs * this.#fontPx * 8) / width);
    this.#fontFamily = getComputedStyle(host).fontFamily;
    this.#plot = new uPlot(this.#describe(width, height), [[], []], host);
    // At once: a new canvas is empty, and the next frame would come too late not to be seen.
    if (this.#picture !== NOTHING) this.draw(this.#picture, this.#drawnAt);
  }

  /** Draws one frame; `now` is page time in milliseconds and paces the range's glide. */
  draw(picture: Picture, now: number): void {
    const plot = this.#plot;
    if (plot === undefined) return;
    this.#picture = picture;
    this.#drawnAt = now;
    const from = picture.playhead - this.#options.windowMs;
    const [min, max] = this.#range.fit(...extremes(picture, from), now);
    plot.batch(() => {
      plot.setData([picture.times, picture.values], false);
      plot.setScale("x", { min: from, max: picture.playhead });
      plot.setScale("y", { min, max });
    });
  }

  #describe(width: number, height: number): uPlot.Options {
    const font = `${this.#fontPx}px ${this.#fontFamily}`;
    const axis = { font, stroke: this.#palette.text, ticks: { show: false }, border: { show: false } };
    const grid = { stroke: this.#palette.grid, width: 1 };
    const right = HALO_RADIUS * this.#scale + this.#fontPx / 2;
    return {
      width,
      height,
      pxAlign: 0,
      padding: [this.#fontPx, right, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: [
        {
          ...axis,
          grid,
          size: this.#fontPx * 2.6,
          splits: (_plot, _axis, min, max) => marks(min, max, this.#step),
          values: (_plot, splits) => splits.map(() => ""),
        },
        {
          ...axis,
          grid,
          gap: this.#fontPx * 0.7,
          space: Math.min(this.#fontPx * 6, height / 4.5),
          size: (_plot, values) => this.#widest(values) * this.#fontPx * 0.66 + this.#fontPx * 1.2,
          values: (_plot, splits) => splits.map(this.#options.format),
        },
      ],
      series: [
        {},
        {
          width: LINE_WIDTH * this.#scale,
          cap: "round",
          points: { show: false },
          stroke: (plot) => this.#lineColour(plot),
          paths: (plot) => this.#linePath(plot),
        },
      ],
      hooks: { drawAxes: [(plot) => this.#drawTimes(plot)], draw: [(plot) => this.#drawEnd(plot)] },
    };
  }

  /** In characters, but steady: a minus sign that comes and goes must not move the whole chart. */
  #widest(values: readonly string[] | null): number {
    return Math.max(4, ...(values ?? []).map((text) => text.length));
  }

  #linePath(plot: uPlot): uPlot.Series.Paths {
    const stroke = new Path2D();
    const from = this.#picture.playhead - this.#options.windowMs;
    const columnMs = this.#options.windowMs / plot.bbox.width;
    this.#end = traceLine(stroke, this.#picture, from, columnMs, {
      x: (time) => plot.valToPos(time, "x", true),
      y: (value) => plot.valToPos(value, "y", true),
    });
    return { stroke };
  }

  #lineColour(plot: uPlot): CanvasGradient {
    const { left, width } = plot.bbox;
    const gradient = plot.ctx.createLinearGradient(left, 0, left + width * FADE_SHARE, 0);
    gradient.addColorStop(0, this.#palette.faded);
    gradient.addColorStop(1, this.#palette.line);
    return gradient;
  }

  #drawTimes({ ctx, bbox, valToPos }: uPlot): void {
    const { playhead } = this.#picture;
    ctx.save();
    ctx.font = `${this.#fontPx * uPlot.pxRatio}px ${this.#fontFamily}`;
    ctx.fillStyle = this.#palette.text;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    for (const instant of marks(playhead - this.#options.windowMs, playhead, this.#step)) {
      const text = wallTime(instant, this.#step);
      const half = ctx.measureText(text).width / 2;
      const x = valToPos(instant, "x", true);
      // Gone before it would be cut off at the right; at the left there is room below the other axis.
      ctx.globalAlpha = strength(x, bbox.left, ctx.canvas.width - half, half);
      ctx.fillText(text, x, bbox.top + bbox.height + this.#fontPx * 0.9 * uPlot.pxRatio);
    }
    ctx.restore();
  }

  #drawEnd({ ctx, valToPos }: uPlot): void {
    if (this.#end === undefined || this.#end.time < this.#picture.playhead - this.#options.windowMs) return;
    const x = valToPos(this.#end.time, "x", true);
    const y = valToPos(this.#end.value, "y", true);
    for (const [radius, colour] of [
      [HALO_RADIUS, this.#palette.halo],
      [DOT_RADIUS, this.#palette.line],
    ] as const) {
      ctx.beginPath();
      ctx.arc(x, y, radius * this.#scale * uPlot.pxRatio, 0, 2 * Math.PI);
      ctx.fillStyle = colour;
      ctx.fill();
    }
  }
}

function readPalette(host: HTMLElement): Palette {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    line: colour("accent"),
    faded: colour("accent-faded"),
    halo: colour("accent-halo"),
    grid: colour("grid"),
    text: colour("text-quiet"),
  };
}
