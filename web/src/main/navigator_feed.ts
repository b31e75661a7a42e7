/**
 * Feeds the time navigator: which part of the epoch it covers, and the overview of the series that was pointed at last,
 * by default of the first visible one. Without one, it is where the records are.
 */

import type { TimeRange } from "../history_cache/time_range";
import type { LiveChart } from "../live_chart";
import { PixelRatio } from "../live_chart/frame_loop";
import type { SeriesTrace } from "../player/series_trace";
import type { Scene, TracePart } from "../scene";
import { TimeNavigator } from "../time_navigator";
import { Overview } from "../time_navigator/overview";
import { PREVIEW_WIDTH_PX } from "../time_navigator/preview";
import { spokenSpan } from "../view/time_format";

/** Extremes are fetched per bucket, and buckets do not lie on the grid of the columns. */
const BUCKETS_PER_COLUMN = 2;

export class NavigatorFeed {
  readonly #liveChart: LiveChart;
  readonly #navigator: TimeNavigator;
  #overview: Overview | undefined;
  /** The series and epoch of `#overview`. */
  #shown = "";
  readonly #pixels = new PixelRatio();
  /** The series pointed at last. */
  #key: string | undefined;

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

  /** Shows the overview of this series from now on, as long as it is visible. */
  follow(key: string): void {
    this.#key = key;
  }

  draw(scene: Scene): void {
    if (this.#pixels.hasChanged()) this.fit();
    const newest = this.#liveChart.newest();
    if (newest === undefined) return;
    const { player } = this.#liveChart;
    const { isFollowing } = scene;
    const state = { oldest: player.oldest ?? scene.from, newest, view: scene };
    const { traces } = player;
    const trace =
      traces.find(({ isShown, series }) => isShown && series.key === this.#key) ??
      traces.find(({ isShown }) => isShown) ??
      player.leadRecords;
    const overview = trace && this.#overviewOf(trace, this.#navigator.range(state), newest);
    const hovered = this.#navigator.hovered(state);
    const preview = trace === undefined ? [] : previewOf(trace, hovered);
    const isReplay = (player.lead.buffer.dataset ?? null) !== null;
    this.#navigator.draw({ ...state, isFollowing, isReplay, overview, preview });
  }

  /** The overview of a series, with all that is known of it by now. */
  #overviewOf(
    { series, subscription, live }: SeriesTrace,
    { from, to }: TimeRange,
    newest: number,
  ): Overview {
    const shown = `${series.key} ${subscription.epoch}`;
    const columnMs = this.#navigator.columnMs({ from, to });
    const overview = this.#shown === shown ? this.#overview : undefined;
    this.#overview = overview ?? new Overview(columnMs);
    this.#shown = shown;
    this.#overview.follow(live, newest, columnMs);
    const end = Math.min(to, this.#overview.liveFrom);
    const buckets = Math.ceil((BUCKETS_PER_COLUMN * (end - from)) / columnMs);
    this.#overview.setFetched(subscription.overview(from, end, buckets, series.field));
    return this.#overview;
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

/** What the chart would show in this range: fetched samples, then live ones. */
function previewOf(
  { series, subscription, live }: SeriesTrace,
  range: TimeRange | undefined,
): readonly TracePart[] {
  if (range === undefined) {
    subscription.releasePreview();
    return [];
  }
  const fetched = subscription.preview(range.from, range.to, PREVIEW_WIDTH_PX, series.field);
  if (fetched === undefined) return [live];
  // The history of records is that of a field of theirs, whose codes say nothing.
  return [live.column < 0 ? { ...fetched, column: live.column } : fetched, live];
}
