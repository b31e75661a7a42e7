/**
 * A player and a chart, redrawn once per animation frame: what the page and `<tick-chart>` share. It draws only when
 * something has changed; texts around the chart are the caller's.
 */

import { Chart, type ChartAction } from "./chart";
import type { TimeRange } from "./history_cache/time_range";
import { FrameLoop, PixelRatio, reducedMotionInstant } from "./live_chart/frame_loop";
import { axisText } from "./number";
import { Player, type PlayerOptions } from "./player";
import type { PlayerScene } from "./player/topic_traces";
import { strings } from "./strings";

export interface LiveChartOptions extends Omit<PlayerOptions, "onChange"> {
  /** The element that the chart fills. */
  readonly host: HTMLElement;
}

/** What is around the chart: created after it, and notified from `start` on. */
export interface LiveChartListener {
  /**
   * Called after every frame with the scene and the page time of the frame; the scene is undefined while the hub's time
   * is unknown.
   */
  readonly onFrame: (scene: PlayerScene | undefined, at: number) => void;
  /** Called when texts around the chart may have changed. */
  readonly onChange: () => void;
  /** Called when the user has zoomed, reset or selected a range with the chart, as opposed to panning. */
  readonly onZoom?: () => void;
}

export class LiveChart {
  readonly player: Player;
  readonly chart: Chart;
  readonly #prefersReducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #frames = new FrameLoop((at) => this.#frame(at));
  readonly #resizes: ResizeObserver;
  readonly #pixelRatio = new PixelRatio();
  #listener: LiveChartListener | undefined;
  #isStale = true;
  /** What the last drawn picture depended on, to detect changes; `revision` is that of `Player.revisionUntil`. */
  readonly #drawn = { from: 0, to: 0, until: 0, revision: 0 };

  constructor({ host, ...options }: LiveChartOptions) {
    this.player = new Player({ ...options, onChange: () => this.refresh() });
    this.chart = new Chart({
      host,
      format: axisText,
      lapText: strings.lapBegins,
      onAction: (action) => this.#apply(action),
    });
    this.#resizes = new ResizeObserver(() => this.fit());
    this.#resizes.observe(host);
  }

  /** Starts drawing. */
  start(listener: LiveChartListener): void {
    this.#listener = listener;
    this.#frames.start();
  }

  /** Re-reads the host's size and colours. */
  fit(): void {
    this.chart.fit();
    this.#isStale = true;
  }

  /** Forces a redraw with the next frame. */
  refresh(): void {
    this.#isStale = true;
    this.#listener?.onChange();
  }

  /** The newest visible instant, hub time; undefined while unknown. */
  newest(at = performance.now()): number | undefined {
    const hubNow = this.player.hubNow(at);
    return hubNow === undefined ? undefined : this.player.newest(hubNow);
  }

  /** Hub time. */
  get visibleRange(): TimeRange {
    const { viewport } = this.player;
    const to = viewport.end(this.newest() ?? 0);
    return { from: to - viewport.windowMs, to };
  }

  destroy(): void {
    this.#frames.stop();
    this.#resizes.disconnect();
    this.chart.destroy();
    this.player.close();
  }

  #frame(at: number): void {
    if (this.#pixelRatio.hasChanged()) this.fit();
    this.player.onFrame(at);
    const hubNow = this.player.hubNow(at);
    const scene = hubNow === undefined ? undefined : this.#draw(hubNow, at);
    this.#listener?.onFrame(scene, at);
  }

  #draw(hubNow: number, at: number): PlayerScene {
    const scene = this.player.scene(
      reducedMotionInstant(hubNow, this.#prefersReducedMotion.matches),
      this.chart.columns,
    );
    if (this.#hasChanged(scene) || this.#isStale || this.chart.isGliding) this.chart.draw(scene, at);
    this.#isStale = false;
    return scene;
  }

  /**
   * A view that stands still (paused, ended, or between two steps of reduced motion) is not redrawn. A view may be paused
   * ahead of the frame's instant, because an event can be newer than the frame: its lines still grow up to its edge.
   */
  #hasChanged({ from, to, traces }: PlayerScene): boolean {
    let until = to;
    for (const { playhead } of traces) if (playhead < until) until = playhead;
    const revision = this.player.revisionUntil(to);
    const drawn = this.#drawn;
    const hasChanged =
      from !== drawn.from || to !== drawn.to || until !== drawn.until || revision !== drawn.revision;
    drawn.from = from;
    drawn.to = to;
    drawn.until = until;
    drawn.revision = revision;
    return hasChanged;
  }

  #apply(action: ChartAction): void {
    const newest = this.newest();
    if (newest === undefined) return;
    const { viewport } = this.player;
    switch (action.kind) {
      case "pan":
        viewport.grab(newest);
        viewport.moveBy(action.byMs, newest);
        break;
      case "panned":
        viewport.release(newest);
        break;
      case "zoom":
        viewport.zoom(action.factor, action.anchor, newest);
        break;
      case "show":
        viewport.showRange(action.from, action.to, newest);
        break;
      case "reset":
        viewport.reset();
        break;
    }
    this.refresh();
    if (action.kind !== "pan" && action.kind !== "panned") this.#listener?.onZoom?.();
  }
}
