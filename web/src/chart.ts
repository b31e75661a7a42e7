/**
 * The picture on the canvas: lines, their ends, faint grid, time below and values at the sides, and over it what
 * this viewer points at. It is told what to show and for which instant; it keeps no samples and decides no time.
 *
 * # No library
 * The lines end at an instant between two frames, are thinned from rings in place, and no frame may allocate. A charting
 * library would be left with the grid, for which it takes new arrays of everything at every frame.
 *
 * # Nothing global
 * It lives in its host and nowhere else: looks are the host's computed style, words are not its own, and `destroy`
 * leaves nothing behind. So it works in a shadow root as well as in the page.
 */

import { Axes } from "./chart/axes";
import { Crosshair, type Pointed } from "./chart/crosshair";
import { type ChartWish, Gestures } from "./chart/gestures";
import { type Extremes, LINE_WIDTH, Lines } from "./chart/lines";
import { type Look, readLook } from "./chart/look";
import { Overlay } from "./chart/overlay";
import { takePicture } from "./chart/picture";
import { Plot } from "./chart/plot";
import { Scales } from "./chart/scale";
import { Sheet } from "./chart/sheet";
import { spanText } from "./chart/time_axis";
import type { Scene } from "./scene";

export type { Pointed } from "./chart/crosshair";
export type { ChartWish } from "./chart/gestures";

export interface ChartOptions {
  /** It becomes the surface that takes gestures and the focus. */
  readonly host: HTMLElement;
  /** A value as the axis shows it, where its values are `step` apart. */
  readonly format: (value: number, step: number) => string;
  readonly onWish: (wish: ChartWish) => void;
}

const NOTHING: Scene = { from: 0, to: 1, traces: [], isFollowing: false };

export class Chart {
  readonly #host: HTMLElement;
  readonly #plot = new Plot();
  readonly #lines = new Lines(this.#plot);
  readonly #axes = new Axes(this.#plot);
  readonly #crosshair = new Crosshair();
  readonly #scales: Scales;
  readonly #sheet: Sheet;
  readonly #above: Sheet;
  readonly #overlay: Overlay;
  readonly #gestures: Gestures;
  #look: Look | undefined;
  #scene = NOTHING;
  #drawnAt = 0;

  constructor({ host, format, onWish }: ChartOptions) {
    this.#host = host;
    // Arrow keys belong to the crosshair here; a screen reader must let them through.
    host.role = "application";
    host.tabIndex = 0;
    this.#scales = new Scales(format);
    this.#sheet = new Sheet(host);
    this.#above = new Sheet(host);
    this.#overlay = new Overlay(this.#above, this.#plot);
    this.#gestures = new Gestures({
      surface: host,
      plot: this.#plot,
      onWish,
      onPoint: (x) => {
        this.#crosshair.point(x);
        this.#drawAbove();
      },
      onSelect: (from, to) => {
        this.#overlay.select(from, to);
        this.#drawAbove();
      },
    });
  }

  /** What somebody points at, as of now; undefined: nothing. The same object from frame to frame. */
  get pointed(): Pointed | undefined {
    return this.#crosshair.pointed;
  }

  /** The lowest and the highest value in view of the line with this key; undefined: none. */
  extremesOf(key: string): Extremes | undefined {
    const place = this.#scene.traces.findIndex(({ series }) => series.key === key);
    return place < 0 ? undefined : this.#lines.extremes(place);
  }

  /** Columns of the screen: more of the past than that is not seen. */
  get columns(): number {
    return Math.max(1, this.#sheet.canvas.width);
  }

  /** Whether the picture goes on to change although the scene does not: a range is on its way. */
  get isGliding(): boolean {
    return this.#scales.isGliding;
  }

  /** Adopts the present size and colours of the page. */
  fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    this.#look = undefined;
    if (width === 0 || height === 0) return;
    this.#look = readLook(this.#host, LINE_WIDTH);
    for (const sheet of [this.#sheet, this.#above]) sheet.fit(width, height, devicePixelRatio);
    this.#plot.width ||= width;
    this.#lines.forget();
    this.#axes.forget();
    // At once: a new canvas is empty, and the next frame would come too late not to be seen.
    if (this.#scene !== NOTHING) this.draw(this.#scene, this.#drawnAt);
  }

  /** Draws one frame; `now` is page time in milliseconds and paces the glide of the ranges. The scene may be the last one, filled again. */
  draw(scene: Scene, now: number): void {
    const look = this.#look;
    this.#scene = scene;
    this.#drawnAt = now;
    if (look === undefined) return;
    const { ctx, width, height } = this.#sheet;
    this.#plot.from = scene.from;
    this.#plot.to = scene.to;
    this.#scales.begin();
    this.#lines.follow(scene, this.#scales);
    this.#scales.fit(now);
    this.#axes.arrange(width, height, this.#scales, look);
    this.#sheet.clear();
    this.#lines.stroke(ctx, scene, this.#scales, look);
    this.#axes.drawGrid(ctx, this.#scales, look);
    this.#axes.drawValues(ctx, this.#scales, look);
    this.#axes.drawTimes(ctx, look);
    if (scene.isFollowing) this.#lines.drawEnds(ctx, scene, this.#scales, look);
    this.#drawAbove();
  }

  /** Moves the crosshair by so many samples, from where it is or else from the line's end; undefined takes it away. */
  moveCursor(samples: number | undefined): void {
    this.#crosshair.move(samples, this.#scene);
    this.#drawAbove();
  }

  /** What is seen, as a PNG of the screen's own resolution. */
  async picture(title: string): Promise<Blob> {
    if (this.#look === undefined) throw new Error("a chart without a size has no picture");
    const { from, to } = this.#scene;
    return takePicture([this.#sheet, this.#above], this.#scene, this.#look, title, spanText(from, to));
  }

  destroy(): void {
    this.#gestures.destroy();
    this.#sheet.canvas.remove();
    this.#above.canvas.remove();
  }

  #drawAbove(): void {
    if (this.#look === undefined) return;
    this.#crosshair.seek(this.#scene, this.#plot);
    this.#overlay.draw(this.#crosshair.pointed, this.#scene, this.#scales, this.#look);
  }
}
