/**
 * The states of the records below the chart, one row per field: its name, its state at the crosshair or else at the
 * instant that is drawn, and a band that shows which state was in force when. All bands share the chart's time axis.
 */

import type { ChartTheme } from "../chart/chart_theme";
import { CanvasLayer, type PlotArea } from "../chart/surface";
import type { SeriesTrace } from "../player/series_trace";
import { strings } from "../strings";
import { onDemandStrings } from "../strings/on_demand";
import { labelsOf } from "../view/legend";
import { make } from "../view/parts";
import { BandPainter, stateText } from "./band_painter";

/** What the rows of one frame have in common. */
export interface BandFrame {
  readonly plot: PlotArea;
  readonly theme: ChartTheme;
  /** The instant under the crosshair, if any. */
  readonly pointedAt: number | undefined;
  /** Page time of the frame. */
  readonly now: number;
}

/** More rows than these may not fit, so that they can be scrolled, with the keyboard too. */
const FITTING_ROWS = 3;

export class Bands {
  readonly #list = make("ul", { className: "bands", ariaLabel: onDemandStrings.states });
  readonly #painter = new BandPainter();
  #rows: readonly BandRow[] = [];

  constructor(host: HTMLElement) {
    host.append(this.#list);
    this.#list.hidden = true;
  }

  /** Shows these traces from now on. */
  setTraces(traces: readonly SeriesTrace[]): void {
    const labels = labelsOf(traces.map(({ series }) => ({ series, isShown: true, value: undefined })));
    this.#rows = traces.map((trace, i) => new BandRow(trace, labels[i] as string, this.#painter));
    this.#list.replaceChildren(...this.#rows.map(({ element }) => element));
    this.#list.hidden = traces.length === 0;
    if (traces.length > FITTING_ROWS) this.#list.tabIndex = 0;
    else this.#list.removeAttribute("tabindex");
  }

  fit(): void {
    this.#painter.forget();
    for (const row of this.#rows) row.fit();
  }

  draw(frame: BandFrame): void {
    for (const row of this.#rows) row.draw(frame);
  }
}

class BandRow {
  readonly element: HTMLElement;
  readonly #trace: SeriesTrace;
  readonly #painter: BandPainter;
  readonly #host = make("div", { className: "band" });
  readonly #layer = new CanvasLayer(this.#host);
  readonly #state = make("b", {});
  #code: number | undefined;

  constructor(trace: SeriesTrace, label: string, painter: BandPainter) {
    this.#trace = trace;
    this.#painter = painter;
    this.element = make("li", {}, make("span", { className: "name" }, label), this.#state, this.#host);
  }

  fit(): void {
    this.#layer.fit(this.#host.clientWidth, this.#host.clientHeight, devicePixelRatio);
  }

  draw({ plot, theme, pointedAt }: BandFrame): void {
    this.#painter.paint(this.#layer, this.#trace, plot, theme);
    this.#drawCrosshair(plot, theme, pointedAt);
    const { playhead } = this.#trace;
    this.#show(this.#trace.valueAt(Math.min(playhead, plot.to, pointedAt ?? playhead)));
  }

  #drawCrosshair(plot: PlotArea, theme: ChartTheme, pointedAt: number | undefined): void {
    if (pointedAt === undefined) return;
    const { ctx, height } = this.#layer;
    ctx.fillStyle = theme.quiet;
    ctx.fillRect(plot.x(pointedAt) - 0.5, 0, 1, height);
  }

  #show(code: number): void {
    if (Object.is(code, this.#code)) return;
    this.#code = code;
    const { states } = this.#trace.series.field;
    this.#state.textContent = Number.isNaN(code) ? strings.noValue : stateText(states?.valueOf(code));
  }
}
