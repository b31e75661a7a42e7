/** The strip below the line, fed: which part of the epoch it covers, and what the first line did there. */

import type { Range } from "../past/range";
import type { Line } from "../player/lines";
import type { Part, Scene } from "../scene";
import type { Stage } from "../stage";
import { Pixels } from "../stage/pixels";
import { Strip } from "../strip";
import { spanText } from "../view/time";

export class Overview {
  readonly #stage: Stage;
  readonly #strip: Strip;
  readonly #parts: Part[] = [];
  readonly #pixels = new Pixels();

  constructor(host: HTMLElement, stage: Stage) {
    this.#stage = stage;
    this.#strip = new Strip({
      host,
      onSeek: (end) => this.#seek(end),
      onLive: () => this.#live(),
      onChange: () => stage.refresh(),
      spanText,
    });
    new ResizeObserver(() => this.fit()).observe(host);
  }

  /** Adopts the present size and colours. */
  fit(): void {
    this.#strip.fit();
  }

  draw(scene: Scene): void {
    if (this.#pixels.haveChanged()) this.fit();
    const newest = this.#stage.newest();
    if (newest === undefined) return;
    const { player } = this.#stage;
    const { isFollowing } = scene;
    const place = { oldest: player.oldest ?? scene.from, newest, view: scene };
    const line = player.lines.find(({ isShown }) => isShown);
    this.#parts.length = 0;
    if (line !== undefined) this.#gather(line, this.#strip.range(place));
    this.#strip.draw({ ...place, isFollowing, parts: this.#parts });
  }

  /** What was fetched, and at the right end what is newer. */
  #gather(line: Line, { from, to }: Range): void {
    const fetched = line.channel.overview(from, to, this.#strip.columns, line.series.field);
    if (fetched !== undefined) this.#parts.push(fetched);
    this.#parts.push(line.live);
  }

  #seek(end: number): void {
    const newest = this.#stage.newest();
    if (newest === undefined) return;
    const { player } = this.#stage;
    player.forgetMoment();
    player.playback.moveTo(end, newest);
    this.#stage.refresh();
  }

  #live(): void {
    this.#stage.player.goLive();
    this.#stage.refresh();
  }
}
