/**
 * Arrays of numbers, one row per field: the array at the crosshair, or else at the instant that is drawn, as bars from
 * zero. The vertical range is shared by all arrays that were shown, so that bars of two instants can be compared.
 */

import { AutoRange } from "../chart/auto_range";
import { type ChartTheme, COLOURS } from "../chart/chart_theme";
import { CanvasLayer } from "../chart/surface";
import type { Json } from "../client/protocol";
import { parseExact, spellingOf } from "../exact_json";
import { SteadyNumberFormat } from "../number";
import type { SeriesTrace } from "../player/series_trace";
import { strings } from "../strings";
import { onDemandStrings } from "../strings/on_demand";
import { pathOf, valueAt } from "../topic_buffer/field_path";
import { isNumberList } from "../topic_buffer/values";
import { labelsOf } from "../view/legend";
import { make } from "../view/parts";
import type { BandFrame } from "./bands";

/** The gap between two bars, as a share of their distance, where bars are wide enough. */
const GAP_SHARE = 0.2;
const GAP_FROM_PX = 4;

export class ArrayBars {
  readonly #list = make("ul", { className: "bands bars", ariaLabel: onDemandStrings.arrays });
  #rows: readonly ArrayRow[] = [];

  constructor(host: HTMLElement) {
    host.append(this.#list);
    this.#list.hidden = true;
  }

  /** Shows these traces from now on. */
  setTraces(traces: readonly SeriesTrace[]): void {
    const labels = labelsOf(traces.map(({ series }) => ({ series, isShown: true, value: undefined })));
    this.#rows = traces.map((trace, i) => new ArrayRow(trace, labels[i] as string, i));
    this.#list.replaceChildren(...this.#rows.map(({ element }) => element));
    this.#list.hidden = traces.length === 0;
  }

  fit(): void {
    for (const row of this.#rows) row.fit();
  }

  draw(frame: BandFrame): void {
    for (const row of this.#rows) row.draw(frame);
  }
}

class ArrayRow {
  readonly element: HTMLElement;
  readonly #trace: SeriesTrace;
  readonly #colour: number;
  readonly #host = make("div", { className: "band" });
  readonly #layer = new CanvasLayer(this.#host);
  readonly #summary = make("b", {});
  readonly #range = new AutoRange();
  #seq = Number.NaN;
  #values: readonly (number | null)[] = [];

  constructor(trace: SeriesTrace, label: string, colour: number) {
    this.#trace = trace;
    this.#colour = colour;
    this.element = make("li", {}, make("span", { className: "name" }, label), this.#summary, this.#host);
  }

  fit(): void {
    this.#layer.fit(this.#host.clientWidth, this.#host.clientHeight, devicePixelRatio);
  }

  draw({ plot, theme, pointedAt, now }: BandFrame): void {
    const { playhead } = this.#trace;
    this.#read(Math.min(playhead, plot.to, pointedAt ?? playhead));
    const numbers = this.#values.filter((value) => value !== null);
    const [low, high] = [
      Math.min(0, ...bounded(numbers, Math.min)),
      Math.max(0, ...bounded(numbers, Math.max)),
    ];
    if (numbers.length > 0) this.#range.fit(low, high, now);
    this.#layer.clear();
    this.#paint(theme, plot.left, plot.width);
  }

  /** Reads the array of the record at this instant. */
  #read(instant: number): void {
    const { subscription, series } = this.#trace;
    const sample = this.#trace.sampleAt(instant);
    if (sample === undefined || Number.isNaN(sample.value)) {
      this.#show([], Number.NaN);
      return;
    }
    if (sample.seq === this.#seq) return;
    const text = subscription.textOf(sample.seq);
    // Until it is loaded, the bars before it stay.
    if (text === undefined) return;
    const value = valueAt(parseExact(text) as Json, pathOf(series.field.name));
    this.#show(isNumberList(value) ? value : [], sample.seq);
  }

  #show(values: readonly (number | null)[], seq: number): void {
    if (Object.is(seq, this.#seq) && this.#summary.textContent !== "") return;
    this.#seq = seq;
    this.#values = values;
    const numbers = values.filter((value) => value !== null);
    const [low] = bounded(numbers, Math.min);
    const [high] = bounded(numbers, Math.max);
    const format = new SteadyNumberFormat();
    const textOf = (value: number) => format.format(value, spellingOf(values, values.indexOf(value)));
    this.#summary.textContent =
      low === undefined || high === undefined
        ? strings.noValue
        : onDemandStrings.arraySummary(values.length, textOf(low), textOf(high));
  }

  /** In an array with more values than pixels, each column is as high as its extremes. */
  #paint({ series, grid }: ChartTheme, left: number, width: number): void {
    const { ctx, height } = this.#layer;
    const { low, high } = this.#range;
    const y = (value: number) => height - ((value - low) / (high - low)) * height;
    const step = width / Math.max(1, this.#values.length);
    const bar = step >= GAP_FROM_PX ? step * (1 - GAP_SHARE) : Math.max(1, step);
    ctx.fillStyle = grid;
    ctx.fillRect(left, y(0) - 0.5, width, 1);
    ctx.fillStyle = series[this.#colour % COLOURS] as string;
    for (const [i, value] of this.#values.entries()) {
      if (value === null) continue;
      const top = y(Math.max(0, value));
      ctx.fillRect(left + i * step, top, bar, Math.max(1, y(Math.min(0, value)) - top));
    }
  }
}

/** The extreme of the finite numbers, or nothing. Not by spreading them all: an array may have a million. */
function bounded(numbers: readonly number[], pick: (one: number, other: number) => number): number[] {
  const finite = numbers.filter(Number.isFinite);
  return finite.length === 0 ? [] : [finite.reduce((one, other) => pick(one, other))];
}
