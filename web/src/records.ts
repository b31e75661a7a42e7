/**
 * What records have besides lines, below the chart: states as bands, arrays as bars, texts as a list, and the whole
 * record as JSON. Draws the same instant as the chart, in the same frame.
 */

import { type ChartTheme, readChartTheme } from "./chart/chart_theme";
import type { LiveChart } from "./live_chart";
import { PixelRatio } from "./live_chart/frame_loop";
import { openTexts } from "./player/record_texts";
import type { SeriesTrace } from "./player/series_trace";
import { hasOnlyRecords, type PlayerScene } from "./player/topic_traces";
import { ArrayBars } from "./records/array_bars";
import { Bands } from "./records/bands";
import { LogList } from "./records/log_list";
import { RecordJson } from "./records/record_json";
import recordsCss from "./records/records.css?inline";
import type { FieldKind } from "./topic_buffer/field";
import { adoptStyles } from "./view/parts";

export class Records {
  readonly #host: HTMLElement;
  readonly #liveChart: LiveChart;
  readonly #bands: Bands;
  readonly #bars: ArrayBars;
  readonly #log: LogList;
  readonly #json: RecordJson;
  readonly #pixels = new PixelRatio();
  #theme: ChartTheme | undefined;
  /** The traces that the rows were made for. */
  #others: readonly SeriesTrace[] = [];
  #records: readonly SeriesTrace[] = [];
  /** Whether the user wants the JSON; undefined before any choice, and then it is shown where there is nothing else. */
  #wantsJson: boolean | undefined;
  #isStale = true;
  /** What the last drawn picture depended on. */
  readonly #drawn = { from: 0, to: 0, revision: 0, pointedAt: undefined as number | undefined };

  constructor(host: HTMLElement, liveChart: LiveChart) {
    this.#host = host;
    this.#liveChart = liveChart;
    adoptStyles(recordsCss);
    this.#bands = new Bands(host);
    this.#bars = new ArrayBars(host);
    this.#log = new LogList(host);
    this.#json = new RecordJson(host, () => this.toggleJson());
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

  toggleJson(): void {
    this.#wantsJson = !this.#json.isShown;
    this.refresh();
  }

  /** Draws the frame at page time `now`. */
  draw(scene: PlayerScene, now: number): void {
    if (scene.others !== this.#others || scene.records !== this.#records) this.#adopt(scene);
    if (this.#theme === undefined || this.#pixels.hasChanged()) this.#adoptTheme();
    if (!this.#hasChanged(scene)) return;
    this.#showJson(scene);
    const { chart } = this.#liveChart;
    const pointedAt = chart.pointed?.at;
    const until = Math.min(scene.to, pointedAt ?? scene.to);
    if (this.#theme !== undefined) {
      const frame = { plot: chart.plotArea, theme: this.#theme, pointedAt, now };
      this.#bands.draw(frame);
      this.#bars.draw(frame);
    }
    this.#log.draw(scene.from, until);
    if (this.#json.isShown) this.#json.draw(until);
  }

  #adopt({ others, records }: PlayerScene): void {
    this.#others = others;
    this.#records = records;
    for (const { subscription } of records) subscription.readTexts(openTexts);
    const ofKind = (kind: FieldKind) => others.filter(({ series }) => series.field.kind === kind);
    this.#bands.setTraces(ofKind("state"));
    this.#bars.setTraces(ofKind("list"));
    this.#log.setTraces(ofKind("text"));
    this.#json.setTopics(records);
    this.fit();
  }

  #showJson(scene: PlayerScene): void {
    this.#json.show(this.#wantsJson ?? hasOnlyRecords(scene, this.#liveChart.player.traces));
  }

  #adoptTheme(): void {
    this.#isStale = true;
    if (this.#host.clientWidth === 0) return;
    this.#theme = readChartTheme(this.#host, 1);
    this.#bands.fit();
    this.#bars.fit();
  }

  #hasChanged({ from, to }: PlayerScene): boolean {
    const { player, chart } = this.#liveChart;
    const [revision, pointedAt] = [player.revisionUntil(to), chart.pointed?.at];
    const drawn = this.#drawn;
    const isSame = from === drawn.from && to === drawn.to && revision === drawn.revision;
    const hasChanged = this.#isStale || !isSame || pointedAt !== drawn.pointedAt;
    drawn.from = from;
    drawn.to = to;
    drawn.revision = revision;
    drawn.pointedAt = pointedAt;
    this.#isStale = false;
    return hasChanged;
  }
}
