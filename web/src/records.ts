/**
 * What records have besides lines, below the chart: states as bands. Draws the same instant as the chart, in the same
 * frame.
 */

import { type ChartTheme, readChartTheme } from "./chart/chart_theme";
import type { LiveChart } from "./live_chart";
import { PixelRatio } from "./live_chart/frame_loop";
import type { SeriesTrace } from "./player/series_trace";
import type { PlayerScene } from "./player/topic_traces";
import { Bands } from "./records/bands";

export class Records {
  readonly #host: HTMLElement;
  readonly #liveChart: LiveChart;
  readonly #bands: Bands;
  readonly #pixels = new PixelRatio();
  #theme: ChartTheme | undefined;
  /** The traces that the rows were made for. */
  #others: readonly SeriesTrace[] = [];
  #isStale = true;
  /** What the last drawn picture depended on. */
  readonly #drawn = { from: 0, to: 0, revision: 0, pointedAt: undefined as number | undefined };

  constructor(host: HTMLElement, liveChart: LiveChart) {
    this.#host = host;
    this.#liveChart = liveChart;
    this.#bands = new Bands(host);
    new ResizeObserver(() => this.fit()).observe(host);
  }

  /** Re-reads the host's size and colours. */
  fit(): void {
    this.#theme = undefined;
  }

  /** Something has changed that no frame would notice by itself. */
  refresh(): void {
    this.#isStale = true;
  }

  draw(scene: PlayerScene): void {
    if (scene.others !== this.#others) this.#adopt(scene.others);
    if (this.#others.length === 0) return;
    if (this.#theme === undefined || this.#pixels.hasChanged()) this.#adoptTheme();
    if (!this.#hasChanged(scene) || this.#theme === undefined) return;
    const { chart } = this.#liveChart;
    this.#bands.draw({ plot: chart.plotArea, theme: this.#theme, pointedAt: chart.pointed?.at });
  }

  #adopt(others: readonly SeriesTrace[]): void {
    this.#others = others;
    this.#bands.setTraces(others.filter(({ series }) => series.field.kind === "state"));
    this.fit();
  }

  #adoptTheme(): void {
    if (this.#host.clientWidth === 0) return;
    this.#theme = readChartTheme(this.#host, 1);
    this.#bands.fit();
    this.#isStale = true;
  }

  #hasChanged({ from, to }: PlayerScene): boolean {
    const { player, chart } = this.#liveChart;
    const [revision, pointedAt] = [player.revisionUntil(to), chart.pointed?.at];
    const drawn = this.#drawn;
    const isSame = from === drawn.from && to === drawn.to && revision === drawn.revision;
    const hasChanged = this.#isStale || !isSame || pointedAt !== drawn.pointedAt;
    Object.assign(drawn, { from, to, revision, pointedAt });
    this.#isStale = false;
    return hasChanged;
  }
}
