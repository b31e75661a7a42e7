/**
 * A player and a chart, frame by frame: what the page and the embedded element have in common. It draws only what has
 * changed; words around the picture are the business of whoever put it up.
 */

import { Chart, type ChartWish } from "./chart";
import { axisText } from "./number";
import { Player, type PlayerOptions } from "./player";
import type { Scene } from "./scene";
import { calm, Frames } from "./stage/frames";
import { Pixels } from "./stage/pixels";

export interface StageOptions extends Omit<PlayerOptions, "onChange"> {
  /** Where the chart is put. */
  readonly host: HTMLElement;
  /** After each frame that could be drawn, with the page time of the frame. */
  readonly onFrame: (scene: Scene | undefined, at: number) => void;
  /** Something else is to be said than a moment ago. */
  readonly onChange: () => void;
  /** Somebody has chosen with the chart which time is shown, and not only gone through it. */
  readonly onZoom?: () => void;
}

export class Stage {
  readonly player: Player;
  readonly chart: Chart;
  readonly #options: StageOptions;
  readonly #prefersLittleMotion = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #frames = new Frames((at) => this.#frame(at));
  readonly #resizes: ResizeObserver;
  readonly #pixels = new Pixels();
  #isStale = true;
  /** What was drawn last, as far as it tells whether the next picture is another; `seqs` as of `Player.seqsUntil`. */
  readonly #drawn = { from: 0, to: 0, seqs: 0 };

  constructor(options: StageOptions) {
    this.#options = options;
    this.player = new Player({ ...options, onChange: () => this.refresh() });
    this.chart = new Chart({
      host: options.host,
      format: axisText,
      onWish: (wish) => this.#grant(wish),
    });
    this.#resizes = new ResizeObserver(() => this.fit());
    this.#resizes.observe(options.host);
  }

  start(): void {
    this.#frames.start();
  }

  /** Adopts the present size and colours. */
  fit(): void {
    this.chart.fit();
    this.#isStale = true;
  }

  /** Draws anew with the next frame, whatever was drawn before. */
  refresh(): void {
    this.#isStale = true;
    this.#options.onChange();
  }

  /** The newest instant there is to be seen, hub time; undefined while nobody knows it. */
  newest(at = performance.now()): number | undefined {
    const hubNow = this.player.hubNow(at);
    return hubNow === undefined ? undefined : this.player.newest(hubNow);
  }

  destroy(): void {
    this.#frames.stop();
    this.#resizes.disconnect();
    this.chart.destroy();
    this.player.close();
  }

  #frame(at: number): void {
    if (this.#pixels.haveChanged()) this.fit();
    const hubNow = this.player.hubNow(at);
    const scene = hubNow === undefined ? undefined : this.#draw(hubNow, at);
    this.#options.onFrame(scene, at);
  }

  #draw(hubNow: number, at: number): Scene {
    const scene = this.player.scene(calm(hubNow, this.#prefersLittleMotion.matches), this.chart.columns);
    if (this.#isOther(scene) || this.#isStale || this.chart.isGliding) this.chart.draw(scene, at);
    this.#isStale = false;
    return scene;
  }

  /** A view that stands still, be it paused, ended or calm between two steps, costs nothing. */
  #isOther({ from, to }: Scene): boolean {
    const seqs = this.player.seqsUntil(to);
    const drawn = this.#drawn;
    const isOther = from !== drawn.from || to !== drawn.to || seqs !== drawn.seqs;
    drawn.from = from;
    drawn.to = to;
    drawn.seqs = seqs;
    return isOther;
  }

  #grant(wish: ChartWish): void {
    const newest = this.newest();
    if (newest === undefined) return;
    const { playback } = this.player;
    switch (wish.kind) {
      case "pan":
        playback.grab(newest);
        playback.moveBy(wish.byMs, newest);
        break;
      case "panned":
        playback.release(newest);
        break;
      case "zoom":
        playback.zoom(wish.factor, wish.anchor, newest);
        break;
      case "show":
        playback.show(wish.from, wish.to, newest);
        break;
      case "reset":
        playback.reset();
        break;
    }
    this.refresh();
    if (wish.kind !== "pan" && wish.kind !== "panned") this.#options.onZoom?.();
  }
}
