/**
 * Renders the chart as an image for download: the current view on the page's background, with a title, the series names
 * and the time range, so that it can be read without the page. It copies the layers as they are drawn at the picture's
 * resolution.
 */

import type { Chart, DrawnChart } from "../chart";
import { rangeText } from "../local_time";
import type { Scene, Trace } from "../scene";
import { type ChartTheme, COLOURS } from "./chart_theme";
import { drawDot, LINE_WIDTH } from "./line_renderer";
import type { CanvasLayer } from "./surface";

/* In units of the font size. */
const MARGIN = 1.5;
const TITLE_SIZE = 1.4;
const ROW = 1.9;
/** Long enough for every dash pattern. */
const SAMPLE_WIDTH = 3.5;

/** Longer sides are more than some browsers can hold, and than anybody can look at. */
const SIDE_MAX_PX = 8_192;

/** Device pixels per CSS pixel in a picture: twice as many as on the screen, so that it can be printed or enlarged. */
function pictureRatio({ width, height }: CanvasLayer): number {
  const screenRatio = devicePixelRatio;
  return Math.max(screenRatio, Math.min(2 * screenRatio, SIDE_MAX_PX / Math.max(width, height)));
}

/** Renders what the chart shows as a PNG at twice the screen's resolution. Rejects if the chart has no size. */
export async function takePicture(chart: Chart, title: string): Promise<Blob> {
  return chart.drawLarger(pictureRatio, (drawn) => renderPicture(drawn, title));
}

function renderPicture({ layers, scene, theme }: DrawnChart, title: string): Promise<Blob> {
  const { width, height, canvas: chartCanvas } = layers[0] as CanvasLayer;
  const ratio = chartCanvas.width / width;
  const margin = MARGIN * theme.fontPx;
  const when = rangeText(scene.from, scene.to);
  const header = new PictureHeader(theme, width, margin);
  const canvas = chartCanvas.ownerDocument.createElement("canvas");
  const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
  const headerHeight = header.draw(ctx, scene, title, when);
  canvas.width = Math.round((width + 2 * margin) * ratio);
  canvas.height = Math.round((height + headerHeight + 2 * margin) * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = theme.ground;
  ctx.fillRect(0, 0, width + 2 * margin, height + headerHeight + 2 * margin);
  header.draw(ctx, scene, title, when);
  for (const layer of layers) ctx.drawImage(layer.canvas, margin, margin + headerHeight, width, height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))),
      "image/png",
    ),
  );
}

/** Title and time range in the first row; below them the series names, in as many rows as they need. */
class PictureHeader {
  readonly #theme: ChartTheme;
  readonly #width: number;
  readonly #margin: number;

  constructor(theme: ChartTheme, width: number, margin: number) {
    this.#theme = theme;
    this.#width = width;
    this.#margin = margin;
  }

  /** Draws the header and returns its height. Before the canvas has its final size, only the height is of use. */
  draw(ctx: CanvasRenderingContext2D, scene: Scene, title: string, when: string): number {
    const { fontPx, family, text, quiet } = this.#theme;
    const [left, top] = [this.#margin, this.#margin];
    ctx.textBaseline = "top";
    ctx.font = `600 ${fontPx * TITLE_SIZE}px ${family}`;
    ctx.fillStyle = text;
    ctx.fillText(title, left, top);
    const titleWidth = ctx.measureText(title).width;
    ctx.font = this.#theme.font;
    ctx.fillStyle = quiet;
    const isBeside = titleWidth + ctx.measureText(when).width + fontPx < this.#width;
    const below = ROW * fontPx * (isBeside ? 1 : 1.9);
    ctx.textAlign = isBeside ? "right" : "left";
    if (isBeside) ctx.fillText(when, left + this.#width, top + (fontPx * (TITLE_SIZE - 1)) / 2);
    else ctx.fillText(when, left, top + ROW * fontPx);
    ctx.textAlign = "left";
    return below + this.#drawNames(ctx, scene, top + below);
  }

  #drawNames(ctx: CanvasRenderingContext2D, scene: Scene, top: number): number {
    const { fontPx } = this.#theme;
    let [x, row] = [0, 0];
    for (const trace of scene.traces) {
      const name = seriesName(trace);
      const width = (SAMPLE_WIDTH + 0.6) * fontPx + ctx.measureText(name).width;
      if (x > 0 && x + width > this.#width) [x, row] = [0, row + 1];
      this.#drawName(ctx, trace, name, this.#margin + x, top + row * ROW * fontPx);
      x += width + 1.5 * fontPx;
    }
    return (row + 1) * ROW * fontPx;
  }

  #drawName(ctx: CanvasRenderingContext2D, { series }: Trace, name: string, x: number, y: number): void {
    const { fontPx, scale, series: colours, dashes, text } = this.#theme;
    const middle = y + fontPx / 2;
    const index = series.colour % COLOURS;
    ctx.strokeStyle = colours[index] as string;
    ctx.fillStyle = colours[index] as string;
    ctx.lineWidth = LINE_WIDTH * scale;
    ctx.lineCap = "round";
    ctx.setLineDash([...(dashes[index] as readonly number[])]);
    ctx.beginPath();
    ctx.moveTo(x, middle);
    ctx.lineTo(x + SAMPLE_WIDTH * fontPx, middle);
    ctx.stroke();
    ctx.setLineDash([]);
    drawDot(ctx, x + SAMPLE_WIDTH * fontPx, middle, LINE_WIDTH * 1.5 * scale);
    ctx.fillStyle = text;
    ctx.fillText(name, x + (SAMPLE_WIDTH + 0.6) * fontPx, y);
  }
}

function seriesName({ series: { topic, field, label } }: Trace): string {
  const name = label ?? topic;
  return field.unit === undefined ? name : `${name} (${field.unit})`;
}
