/** Draws the time navigator on its canvas. It is given the position of everything and decides only about style. */

import type { OverviewPoint } from "./overview_columns";
import { traceBand } from "./overview_path";
import type { TickLabel } from "./tick_labels";

/** One frame of the navigator; positions in CSS pixels from the left. */
export interface NavigatorFrame {
  readonly points: readonly OverviewPoint[];
  /** Maps an instant to its position. */
  readonly x: (instant: number) => number;
  readonly handle: { readonly left: number; readonly right: number };
  /** The centre of the view: if the view is too short to be visible, it is a tick inside its handle. */
  readonly middle: number;
  readonly isTick: boolean;
  /** The zone of the labels, which stands before them. */
  readonly zone: string;
  readonly ticks: readonly (TickLabel & { readonly x: number })[];
  /** The beginning of the history, if it is in range. */
  readonly begins: { readonly x: number; readonly text: string } | undefined;
  /** The newest instant, if it is in range. */
  readonly liveX: number | undefined;
  readonly isFollowing: boolean;
}

interface NavigatorColours {
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

export class NavigatorPainter {
  readonly #host: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  #colours: NavigatorColours | undefined;
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

  /** As of the last `fit`: reading it from the element would force a layout in every frame. */
  get width(): number {
    return this.#width;
  }

  /** Width needed for one tick label. */
  get markWidth(): number {
    return this.#fontPx * 8;
  }

  /** Re-reads the host's size and colours. */
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
    this.#colours = {
      ground: colour("strip-ground"),
      line: colour("strip-line"),
      edge: colour("edge"),
      text: colour("text-quiet"),
      accent: colour("accent"),
      window: colour("strip-window"),
    };
  }

  paint(frame: NavigatorFrame): void {
    const [context, colours] = [this.#context, this.#colours];
    if (context === null || colours === undefined) return;
    const width = this.#width;
    const height = this.#height;
    const bottom = height - this.#fontPx * 1.5;
    context.clearRect(0, 0, width, height);
    context.fillStyle = colours.ground;
    fillRound(context, 0, 0, width, bottom);
    this.#paintMarks(context, colours, frame, bottom);
    this.#paintLine(context, colours.line, frame, bottom);
    this.#paintHandle(context, colours, frame, bottom);
    if (frame.liveX !== undefined) {
      context.fillStyle = frame.isFollowing ? colours.accent : colours.text;
      context.fillRect(frame.liveX - 2, 0, 2, bottom);
    }
  }

  #paintMarks(
    context: CanvasRenderingContext2D,
    colours: NavigatorColours,
    frame: NavigatorFrame,
    bottom: number,
  ): void {
    const y = bottom + this.#fontPx * 0.35;
    let free = 0;
    context.font = this.#font;
    context.textBaseline = "top";
    context.textAlign = "left";
    const write = (x: number, text: string) => {
      const textWidth = context.measureText(text).width;
      const left = Math.min(Math.max(0, x - textWidth / 2), this.width - textWidth);
      if (left < free) return;
      context.fillStyle = colours.text;
      context.fillText(text, left, y);
      free = left + textWidth + this.#fontPx;
    };
    write(0, frame.zone);
    if (frame.begins !== undefined) {
      context.fillStyle = colours.text;
      context.fillRect(frame.begins.x, 0, 1, bottom);
      write(frame.begins.x, frame.begins.text);
    }
    for (const { x, text } of frame.ticks) {
      context.fillStyle = colours.edge;
      context.fillRect(x, 0, 1, bottom);
      write(x, text);
    }
  }

  #paintLine(
    context: CanvasRenderingContext2D,
    colour: string,
    { points, x }: NavigatorFrame,
    bottom: number,
  ): void {
    context.beginPath();
    traceBand(context, points, { x, top: PADDING_PX, bottom: bottom - PADDING_PX });
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = 1;
    context.lineJoin = "round";
    context.fill();
    // A band of equal values has no area.
    context.stroke();
  }

  #paintHandle(
    context: CanvasRenderingContext2D,
    colours: NavigatorColours,
    frame: NavigatorFrame,
    bottom: number,
  ): void {
    const { left, right } = frame.handle;
    context.fillStyle = colours.window;
    fillRound(context, left, 0, right - left, bottom);
    context.save();
    context.clip();
    this.#paintLine(context, colours.accent, frame, bottom);
    context.restore();
    context.strokeStyle = colours.accent;
    context.lineWidth = 1.5;
    context.beginPath();
    context.roundRect(left + 0.75, 0.75, right - left - 1.5, bottom - 1.5, RADIUS_PX);
    context.stroke();
    if (!frame.isTick) return;
    context.fillStyle = colours.accent;
    context.fillRect(frame.middle - 1, 0, 2, bottom);
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
