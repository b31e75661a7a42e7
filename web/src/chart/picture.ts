/**
 * The chart as an image to keep: what is seen, on the page's ground, with what a stranger needs to read it: a title,
 * the lines' names, and the time span. Draws once, from what has been drawn already.
 */

import type { Scene, Trace } from "../scene";
import { drawDot, LINE_WIDTH } from "./lines";
import { COLOURS, type Look } from "./look";
import type { Sheet } from "./sheet";

/* In units of the type's size. */
const MARGIN = 1.5;
const TITLE_SIZE = 1.4;
const ROW = 1.9;
const SAMPLE_WIDTH = 2;

export function takePicture(
  sheets: readonly Sheet[],
  scene: Scene,
  look: Look,
  title: string,
  when: string,
): Promise<Blob> {
  const { width, height, canvas: seen } = sheets[0] as Sheet;
  const ratio = seen.width / width;
  const margin = MARGIN * look.fontPx;
  const head = new Head(look, width, margin);
  const canvas = seen.ownerDocument.createElement("canvas");
  const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
  const headHeight = head.draw(ctx, scene, title, when);
  canvas.width = Math.round((width + 2 * margin) * ratio);
  canvas.height = Math.round((height + headHeight + 2 * margin) * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = look.ground;
  ctx.fillRect(0, 0, width + 2 * margin, height + headHeight + 2 * margin);
  head.draw(ctx, scene, title, when);
  for (const sheet of sheets) ctx.drawImage(sheet.canvas, margin, margin + headHeight, width, height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))),
      "image/png",
    ),
  );
}

/** Title and time in the first row; the names below, in as many rows as they need. */
class Head {
  readonly #look: Look;
  readonly #width: number;
  readonly #margin: number;

  constructor(look: Look, width: number, margin: number) {
    this.#look = look;
    this.#width = width;
    this.#margin = margin;
  }

  /** The result is its height; before the canvas has its size, that is all it is good for. */
  draw(ctx: CanvasRenderingContext2D, scene: Scene, title: string, when: string): number {
    const { fontPx, family, text, quiet } = this.#look;
    const [left, top] = [this.#margin, this.#margin];
    ctx.textBaseline = "top";
    ctx.font = `600 ${fontPx * TITLE_SIZE}px ${family}`;
    ctx.fillStyle = text;
    ctx.fillText(title, left, top);
    const titleWidth = ctx.measureText(title).width;
    ctx.font = this.#look.font;
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
    const { fontPx } = this.#look;
    let [x, row] = [0, 0];
    for (const trace of scene.traces) {
      const name = nameOf(trace);
      const width = (SAMPLE_WIDTH + 0.6) * fontPx + ctx.measureText(name).width;
      if (x > 0 && x + width > this.#width) [x, row] = [0, row + 1];
      this.#drawName(ctx, trace, name, this.#margin + x, top + row * ROW * fontPx);
      x += width + 1.5 * fontPx;
    }
    return (row + 1) * ROW * fontPx;
  }

  #drawName(ctx: CanvasRenderingContext2D, { series }: Trace, name: string, x: number, y: number): void {
    const { fontPx, scale, series: colours, text } = this.#look;
    const middle = y + fontPx / 2;
    ctx.fillStyle = colours[series.colour % COLOURS] as string;
    ctx.fillRect(x, middle - (LINE_WIDTH * scale) / 2, SAMPLE_WIDTH * fontPx, LINE_WIDTH * scale);
    drawDot(ctx, x + SAMPLE_WIDTH * fontPx, middle, LINE_WIDTH * 1.5 * scale);
    ctx.fillStyle = text;
    ctx.fillText(name, x + (SAMPLE_WIDTH + 0.6) * fontPx, y);
  }
}

function nameOf({ series: { topic, field } }: Trace): string {
  const name = field.label ?? field.name ?? topic;
  return field.unit === undefined ? name : `${name} (${field.unit})`;
}
