/** Feeds the time navigator: which part of the epoch it covers, and the overview of the first visible series. */

import type { TimeRange } from "../history_cache/time_range";
import type { LiveChart } from "../live_chart";
import { PixelRatio } from "../live_chart/frame_loop";
import type { SeriesTrace } from "../player/series_trace";
import type { Scene, TracePart } from "../scene";
import { TimeNavigator } from "../time_navigator";
import { spokenSpan } from "../view/time_format";

export class NavigatorFeed {
  readonly #liveChart: LiveChart;
  readonly #navigator: TimeNavigator;
  readonly #parts: TracePart[] = [];
  readonly #pixels = new PixelRatio();

  constructor(host: HTMLElement, liveChart: LiveChart) {
    this.#liveChart = liveChart;
    this.#navigator = new TimeNavigator({
      host,
      onSeek: (end) => this.#seek(end),
      onLive: () => this.#live(),
      onChange: () => liveChart.refresh(),
      spanText: spokenSpan,
    });
    new ResizeObserver(() => this.fit()).observe(host);
  }

  /** Re-reads the host's size and colours. */
  fit(): void {
    this.#navigator.fit();
  }

  draw(scene: Scene): void {
    if (this.#pixels.hasChanged()) this.fit();
    const newest = this.#liveChart.newest();
    if (newest === undefined) return;
    const { player } = this.#liveChart;
    const { isFollowing } = scene;
    const state = { oldest: player.oldest ?? scene.from, newest, view: scene };
    const trace = player.traces.find(({ isShown }) => isShown);
    this.#parts.length = 0;
    if (trace !== undefined) this.#gather(trace, this.#navigator.range(state));
    const isReplay = (player.lead.buffer.dataset ?? null) !== null;
    this.#navigator.draw({ ...state, isFollowing, isReplay, parts: this.#parts });
  }

  /** The fetched overview, and the live samples at its right end. */
  #gather(trace: SeriesTrace, { from, to }: TimeRange): void {
    const fetched = trace.subscription.overview(from, to, this.#navigator.columns, trace.series.field);
    if (fetched !== undefined) this.#parts.push(fetched);
    this.#parts.push(trace.live);
  }

  #seek(end: number): void {
    const newest = this.#liveChart.newest();
    if (newest === undefined) return;
    const { player } = this.#liveChart;
    player.forgetMoment();
    player.viewport.moveTo(end, newest);
    this.#liveChart.refresh();
  }

  #live(): void {
    this.#liveChart.player.goLive();
    this.#liveChart.refresh();
  }
}
