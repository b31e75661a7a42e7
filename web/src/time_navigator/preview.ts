/**
 * The card above the time navigator while the pointer is over it: the time there, and what the chart would show. It is
 * given both and decides only about place and style.
 */

import type { TimeRange } from "../history_cache/time_range";
import type { TracePart } from "../scene";
import { OverviewColumns } from "./overview_columns";
import { traceBand } from "./overview_path";

/** What the pointer is over. */
export interface PreviewContent {
  /** Where, in CSS pixels from the left of the navigator. */
  readonly x: number;
  /** The range that the chart would show. */
  readonly range: TimeRange;
  readonly text: string;
  /** The samples in this range, as far as they are known. */
  readonly parts: readonly TracePart[];
}

export const PREVIEW_WIDTH_PX = 192;
const HEIGHT_PX = 64;
const PADDING_PX = 4;

export class PreviewCard {
  readonly #host: HTMLElement;
  readonly #card: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #text: HTMLElement;

  /** `host` is the navigator; the card becomes its neighbour. */
  constructor(host: HTMLElement) {
    const { ownerDocument } = host;
    this.#host = host;
    this.#card = ownerDocument.createElement("div");
    this.#canvas = ownerDocument.createElement("canvas");
    this.#text = ownerDocument.createElement("p");
    this.#card.className = "preview";
    // The navigator says the same in words.
    this.#card.ariaHidden = "true";
    this.#card.hidden = true;
    this.#card.append(this.#canvas, this.#text);
    host.after(this.#card);
  }

  show(content: PreviewContent): void {
    const { offsetLeft, offsetTop, clientWidth, offsetParent } = this.#host;
    this.#card.hidden = false;
    if (this.#text.textContent !== content.text) this.#text.textContent = content.text;
    const most = Math.max(0, clientWidth - this.#card.offsetWidth);
    const left = Math.min(most, Math.max(0, content.x - this.#card.offsetWidth / 2));
    this.#card.style.left = `${offsetLeft + left}px`;
    this.#card.style.bottom = `${(offsetParent?.clientHeight ?? 0) - offsetTop + 2 * PADDING_PX}px`;
    this.#paint(content);
  }

  hide(): void {
    this.#card.hidden = true;
  }

  remove(): void {
    this.#card.remove();
  }

  #paint({ range, parts }: PreviewContent): void {
    const context = this.#canvas.getContext("2d");
    if (context === null) return;
    const scale = this.#canvas.ownerDocument.defaultView?.devicePixelRatio ?? 1;
    this.#canvas.width = PREVIEW_WIDTH_PX * scale;
    this.#canvas.height = HEIGHT_PX * scale;
    context.scale(scale, scale);
    const { from, to } = range;
    context.beginPath();
    traceBand(context, pointsIn(parts, range), {
      x: (at) => ((at - from) / (to - from)) * PREVIEW_WIDTH_PX,
      top: PADDING_PX,
      bottom: HEIGHT_PX - PADDING_PX,
    });
    const colour = getComputedStyle(this.#card).getPropertyValue("--accent");
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineJoin = "round";
    context.fill();
    context.stroke();
  }
}

/** One column per pixel; later parts begin where earlier ones end. */
function pointsIn(parts: readonly TracePart[], range: TimeRange) {
  const columns = new OverviewColumns((range.to - range.from) / PREVIEW_WIDTH_PX);
  let until = range.from;
  for (const part of parts) {
    const { samples } = part;
    for (let i = samples.begin; i < samples.end; i += 1) {
      const time = samples.times[i] as number;
      if (time < until || time > range.to) continue;
      columns.add(part, i);
      until = time;
    }
  }
  return columns.points(range);
}
