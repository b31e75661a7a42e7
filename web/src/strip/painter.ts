/** Puts the strip on its canvas. It is told where everything lies, and decides nothing but looks. */

import type { Mark } from "./marks";
import type { Overview } from "./overview";

/** In CSS pixels from the left. */
export interface Picture {
  readonly overview: Overview;
  readonly handle: { readonly left: number; readonly right: number };
  /** Where the middle of the view really is: a view too short to be seen is a mark in its handle. */
  readonly middle: number;
  readonly isTick: boolean;
  readonly marks: readonly (Mark & { readonly x: number })[];
  /** The beginning of all history, if it is on the strip. */
  readonly begins: { readonly x: number; readonly text: string } | undefined;
  /** The newest instant, if it is on the strip. */
  readonly liveX: number | undefined;
  readonly isFollowing: boolean;
}

interface Palette {
  readonly ground: string;
  readonly line: string;
  readonly edge: string;
  readonly text: string;
  readonly accent: string;
  readonly window: string;
}

const FONT_PX = 11;
const PADDING_PX = 4;
const RADIUS_PX = 4;

export class Painter {
  readonly #host: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  #palette: Palette | undefined;
  #font = "";
  #fontPx = FONT_PX;
  #width = 0;
  #height = 0;

  constructor(host: HTMLElement) {
    this.#host = host;
    this.#canvas = host.ownerDocument.createElement("canvas");
    this.#context = this.#canvas.getContext("2d");
    host.append(this.#canvas);
  }

  /** As of the last `fit`: to ask the element would lay the page out anew, in every frame. */
  get width(): number {
    return this.#width;
  }

  /** Room for one mark with its words. */
  get markWidth(): number {
    return this.#fontPx * 8;
  }

  /** Adopts the present size and colours of the page. */
  fit(): void {
    const scale = this.#host.ownerDocument.defaultView?.devicePixelRatio ?? 1;
    const { clientWidth, clientHeight } = this.#host;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#canvas.width = Math.round(clientWidth * scale);
    this.#canvas.height = Math.round(clientHeight * scale);
    this.#context?.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(this.#host);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    this.#fontPx = Math.max(FONT_PX, Number.parseFloat(style.fontSize) * 0.7);
    this.#font = `${this.#fontPx}px ${style.fontFamily}`;
    this.#palette = {
      ground: colour("strip-ground"),
      line: colour("strip-line"),
      edge: colour("edge"),
      text: colour("text-quiet"),
      accent: colour("accent"),
      window: colour("strip-window"),
    };
  }

  paint(picture: Picture): void {
    const [context, palette] = [this.#context, this.#palette];
    if (context === null || palette === undefined) return;
    const width = this.#width;
    const height = this.#height;
    const bottom = height - this.#fontPx * 1.5;
    context.clearRect(0, 0, width, height);
    context.fillStyle = palette.ground;
    fillRound(context, 0, 0, width, bottom);
    this.#paintMarks(context, palette, picture, bottom);
    this.#paintLine(context, palette.line, picture.overview, bottom);
    this.#paintHandle(context, palette, picture, bottom);
    if (picture.liveX !== undefined) {
      context.fillStyle = picture.isFollowing ? palette.accent : palette.text;
      context.fillRect(picture.liveX - 2, 0, 2, bottom);
    }
  }

  #paintMarks(context: CanvasRenderingContext2D, palette: Palette, picture: Picture, bottom: number): void {
    const y = bottom + this.#fontPx * 0.35;
    let free = 0;
    context.font = this.#font;
    context.textBaseline = "top";
    context.textAlign = "left";
    const write = (x: number, text: string) => {
      const textWidth = context.measureText(text).width;
      const left = Math.min(Math.max(0, x - textWidth / 2), this.width - textWidth);
      if (left < free) return;
      context.fillStyle = palette.text;
      context.fillText(text, left, y);
      free = left + textWidth + this.#fontPx;
    };
    if (picture.begins !== undefined) {
      context.fillStyle = palette.text;
      context.fillRect(picture.begins.x, 0, 1, bottom);
      write(picture.begins.x, picture.begins.text);
    }
    for (const { x, text } of picture.marks) {
      context.fillStyle = palette.edge;
      context.fillRect(x, 0, 1, bottom);
      write(x, text);
    }
  }

  #paintLine(context: CanvasRenderingContext2D, colour: string, overview: Overview, bottom: number): void {
    const { low, high } = overview;
    const span = high - low || 1;
    context.beginPath();
    overview.trace(context, (value) => {
      return bottom - PADDING_PX - ((value - low) / span) * (bottom - 2 * PADDING_PX);
    });
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.stroke();
  }

  #paintHandle(context: CanvasRenderingContext2D, palette: Palette, picture: Picture, bottom: number): void {
    const { left, right } = picture.handle;
    context.fillStyle = palette.window;
    fillRound(context, left, 0, right - left, bottom);
    context.save();
    context.clip();
    this.#paintLine(context, palette.accent, picture.overview, bottom);
    context.restore();
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    context.beginPath();
    context.roundRect(left + 0.75, 0.75, right - left - 1.5, bottom - 1.5, RADIUS_PX);
    context.stroke();
    if (!picture.isTick) return;
    context.fillStyle = palette.accent;
    context.fillRect(picture.middle - 1, 0, 2, bottom);
  }
}

function fillRound(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.beginPath();
  context.roundRect(x, y, width, height, RADIUS_PX);
  context.fill();
}
