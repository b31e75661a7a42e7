/**
 * The chart: draws the lines, their end points, the grid and both axes on one canvas, and the crosshair and selection
 * on a second canvas above it. The caller supplies the scene and the instant to draw; the chart stores no samples and
 * reads no clock.
 *
 * # No charting library
 * A line ends at an instant between two frames and is decimated straight from the ring buffers, and drawing a frame
 * must not allocate. A charting library would contribute little more than the grid, and would expect new arrays for
 * every frame.
 *
 * # No global state
 * Everything lives inside the host element: colours come from the host's computed style, texts from the caller, and
 * `destroy` removes everything it added. It therefore works in a shadow root as well as in a page.
 */

import { Axes } from "./chart/axes";
import { type ChartAction, ChartGestures } from "./chart/chart_gestures";
import { type ChartTheme, readChartTheme } from "./chart/chart_theme";
import { Crosshair, type PointedSamples } from "./chart/crosshair";
import { LINE_WIDTH, LineRenderer, type ValueExtremes } from "./chart/line_renderer";
import { Overlay } from "./chart/overlay";
import { type Arrangement, Panels } from "./chart/panels";
import { drawSeams } from "./chart/seams";
import { CanvasLayer, PlotArea } from "./chart/surface";
import type { Scene } from "./scene";

export type { ChartAction } from "./chart/chart_gestures";
export type { PointedSamples } from "./chart/crosshair";
export type { Arrangement } from "./chart/panels";

export interface ChartOptions {
  /** The element that receives gestures and keyboard focus. */
  readonly host: HTMLElement;
  /** Formats an axis value, where neighbouring ticks are `step` apart. */
  readonly format: (value: number, step: number) => string;
  /** The label where a lap of a replay begins. */
  readonly lapText: (lap: number) => string;
  readonly onAction: (action: ChartAction) => void;
}

/** What the chart shows. */
export interface DrawnChart {
  /** From the bottom up, all of the same size. */
  readonly layers: readonly CanvasLayer[];
  readonly scene: Scene;
  readonly theme: ChartTheme;
}

const NOTHING: Scene = { from: 0, to: 1, traces: [], seams: [], isFollowing: false };

export class Chart {
  readonly #host: HTMLElement;
  readonly #plotArea = new PlotArea();
  readonly #lines = new LineRenderer(this.#plotArea);
  readonly #axes = new Axes(this.#plotArea);
  readonly #crosshair = new Crosshair();
  readonly #panels: Panels;
  readonly #layer: CanvasLayer;
  readonly #overlayLayer: CanvasLayer;
  readonly #overlay: Overlay;
  readonly #gestures: ChartGestures;
  readonly #lapText: (lap: number) => string;
  #theme: ChartTheme | undefined;
  #scene = NOTHING;
  #drawnAt = 0;
  /** The height of the pointer; undefined if it is not on the plot area. */
  #pointerY: number | undefined;
  /** The number of panels that the host has room for. */
  #reserved = 1;

  constructor({ host, format, lapText, onAction }: ChartOptions) {
    this.#host = host;
    this.#lapText = lapText;
    // The arrow keys move the crosshair; this role makes screen readers pass them through.
    host.role = "application";
    host.tabIndex = 0;
    this.#panels = new Panels(format);
    this.#layer = new CanvasLayer(host);
    this.#overlayLayer = new CanvasLayer(host);
    this.#overlay = new Overlay(this.#overlayLayer, this.#plotArea, this.#axes);
    this.#gestures = new ChartGestures({
      surface: host,
      plot: this.#plotArea,
      onAction,
      onPoint: (x, y) => {
        this.#crosshair.point(x);
        this.#pointerY = x === undefined ? undefined : y;
        this.#drawOverlay();
      },
      onSelect: (from, to) => {
        this.#overlay.select(from, to);
        this.#drawOverlay();
      },
    });
  }

  /** The samples under the crosshair, or undefined. The same object is reused from frame to frame. */
  get pointed(): PointedSamples | undefined {
    return this.#crosshair.pointed;
  }

  /** Where instants are on the chart, for what shares its time axis. As it was drawn last. */
  get plotArea(): PlotArea {
    return this.#plotArea;
  }

  /**
   * Where the crosshair is: at the height of the pointer, or of the first point if it was moved by key; and the key of
   * the series whose point is closest to it. Undefined without a crosshair.
   */
  get cursor(): { readonly x: number; readonly y: number; readonly key: string | undefined } | undefined {
    const { pointed } = this.#crosshair;
    if (pointed === undefined) return undefined;
    let [y, key] = [this.#pointerY, undefined as string | undefined];
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < pointed.values.length; i += 1) {
      const value = pointed.values[i] as number;
      if (Number.isNaN(value)) continue;
      const height = this.#panels.of(i).y(value);
      y ??= height;
      if (Math.abs(height - y) >= best) continue;
      best = Math.abs(height - y);
      key = this.#scene.traces[i]?.series.key;
    }
    return { x: this.#plotArea.x(pointed.at), y: y ?? this.#plotArea.top, key };
  }

  /** The visible extremes of the series with this key; undefined if it has no value in view. */
  extremesOf(key: string): ValueExtremes | undefined {
    const index = this.#scene.traces.findIndex(({ series }) => series.key === key);
    return index < 0 ? undefined : this.#lines.extremes(this.#scene, index);
  }

  /** Width of the canvas in device pixels: history finer than one record per column cannot be seen. */
  get columns(): number {
    return Math.max(1, this.#layer.canvas.width);
  }

  /** Whether the picture keeps changing although the scene does not, because a value range is still animating. */
  get isGliding(): boolean {
    return this.#panels.isGliding;
  }

  /** Stacks the panels, or lays them over each other. */
  arrange(arrangement: Arrangement): void {
    this.#panels.arrangement = arrangement;
    this.#axes.forget();
  }

  /** Re-reads the host's size and colours. */
  fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    this.#theme = undefined;
    if (width === 0 || height === 0) return;
    this.#theme = readChartTheme(this.#host, LINE_WIDTH);
    for (const layer of [this.#layer, this.#overlayLayer]) layer.fit(width, height, devicePixelRatio);
    this.#plotArea.width ||= width;
    this.#lines.forget();
    this.#axes.forget();
    // Redraws immediately: a resized canvas is blank, and waiting for the next frame would flicker.
    if (this.#scene !== NOTHING) this.draw(this.#scene, this.#drawnAt);
  }

  /**
   * Draws one frame. `now` is page time in milliseconds and drives the animation of the value ranges. The scene may be
   * the previous object, refilled.
   */
  draw(scene: Scene, now: number): void {
    const theme = this.#theme;
    this.#scene = scene;
    this.#drawnAt = now;
    if (theme === undefined) return;
    const { ctx, width, height } = this.#layer;
    this.#plotArea.from = scene.from;
    this.#plotArea.to = scene.to;
    this.#panels.begin();
    this.#lines.update(scene, this.#panels);
    this.#panels.fit(now);
    this.#reserveHeight();
    this.#axes.layout(width, height, this.#panels, theme);
    this.#layer.clear();
    this.#lines.stroke(ctx, scene, this.#panels, theme);
    drawSeams(ctx, this.#plotArea, scene.seams, theme, this.#lapText);
    this.#axes.drawGrid(ctx, this.#panels, theme);
    this.#axes.drawValues(ctx, this.#panels, theme);
    this.#axes.drawTimes(ctx, theme);
    this.#lines.drawEnds(ctx, scene, this.#panels, theme);
    this.#drawOverlay();
  }

  /**
   * Moves the crosshair by this many samples from its position, or else from the end of the line; undefined hides it.
   */
  moveCursor(samples: number | undefined): void {
    this.#crosshair.move(samples, this.#scene);
    this.#drawOverlay();
  }

  /**
   * Draws the current view at `ratioOf` device pixels per CSS pixel and calls `copy` with its layers: what is not copied
   * before it returns is lost. Throws if the chart has no size.
   */
  drawLarger<T>(ratioOf: (layer: CanvasLayer) => number, copy: (drawn: DrawnChart) => T): T {
    const theme = this.#theme;
    if (theme === undefined) throw new Error("cannot copy a chart without a size");
    this.#redrawAt(ratioOf(this.#layer));
    const copied = copy({ layers: [this.#layer, this.#overlayLayer], scene: this.#scene, theme });
    // Back at its own resolution before the browser shows it.
    this.#redrawAt(devicePixelRatio);
    return copied;
  }

  destroy(): void {
    this.#gestures.destroy();
    this.#layer.canvas.remove();
    this.#overlayLayer.canvas.remove();
  }

  #redrawAt(pixelRatio: number): void {
    for (const layer of [this.#layer, this.#overlayLayer]) layer.fit(layer.width, layer.height, pixelRatio);
    this.#lines.forget();
    this.draw(this.#scene, this.#drawnAt);
  }

  /** Tells the style sheet how many panels need room. */
  #reserveHeight(): void {
    const count = this.#panels.areStacked ? this.#panels.used.length : 1;
    if (count === this.#reserved) return;
    this.#reserved = count;
    this.#host.style.setProperty("--panels", String(count));
  }

  #drawOverlay(): void {
    if (this.#theme === undefined) return;
    this.#crosshair.update(this.#scene, this.#plotArea);
    this.#overlay.draw(this.#crosshair.pointed, this.#scene, this.#panels, this.#theme);
  }
}
