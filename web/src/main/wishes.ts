/**
 * What becomes of a wish. Each is granted here, by the player for what is to be seen, by the browser for the rest; whether
 * it can be wished for at all is the view's business.
 */

import type { TableRow, Theme, Wishes } from "../page";
import type { Line } from "../player/lines";
import { type Problem, saveCsv, savePng } from "../saving";
import type { Stage } from "../stage";
import { strings } from "../strings";
import { Address, hubAddress } from "./address";
import { copy } from "./clipboard";
import type { Kiosk } from "./kiosk";
import { type PageOptions, TOPICS_MAX, writeOptions } from "./options";
import { curlLine, jsLine } from "./ready_lines";
import type { ThemeChoice } from "./theme";

/** From one instant to another, hub time in milliseconds. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** What the wishes are about; asked for when one is granted, because the elements come first. */
export interface Surroundings {
  readonly stage: () => Stage;
  readonly theme: () => ThemeChoice;
  readonly kiosk: () => Kiosk;
  /** Tells somebody what a wish came to. */
  readonly announce: (text: string) => void;
  readonly findTopics: () => void;
}

export class Granted implements Wishes {
  readonly #around: Surroundings;
  readonly #address = new Address(() => this.#query(false));

  constructor(around: Surroundings) {
    this.#around = around;
  }

  togglePause = (): void => {
    const newest = this.#stage.newest();
    if (newest === undefined) return;
    const { playback } = this.#stage.player;
    if (playback.state === "paused") playback.resume(newest);
    else playback.pause(newest);
    this.#stage.refresh();
  };

  goLive = (): void => {
    this.#stage.player.goLive();
    this.moved();
  };

  goTo = (instant: number): void => {
    const newest = this.#stage.newest();
    if (newest === undefined) return;
    const { player } = this.#stage;
    const { playback } = player;
    player.forgetMoment();
    playback.pause(newest);
    playback.moveTo(instant + playback.windowMs / 2, newest);
    this.#stage.refresh();
  };

  showWindow = (ms: number): void => {
    this.#stage.player.playback.showWindow(ms);
    this.moved();
  };

  zoom = (factor: number): void => {
    const newest = this.#stage.newest();
    if (newest === undefined) return;
    const { playback } = this.#stage.player;
    const middle = playback.end(newest) - playback.windowMs / 2;
    playback.zoom(factor, this.#stage.chart.pointed?.at ?? middle, newest);
    this.moved();
  };

  reset = (): void => {
    this.#stage.player.goLive();
    this.#stage.player.playback.reset();
    this.moved();
  };

  moveCursor = (samples: number | undefined): void => {
    this.#stage.chart.moveCursor(samples);
    this.#stage.refresh();
  };

  findTopics = (): void => this.#around.findTopics();

  showTopics = (topics: readonly string[]): void => {
    this.#stage.player.showTopics(topics.slice(0, TOPICS_MAX));
    this.moved();
  };

  toggleSeries = (key: string): void => this.#stage.player.toggle(key);

  soloSeries = (key: string): void => this.#stage.player.solo(key);

  chooseTheme = (theme: Theme): void => {
    this.#around.theme().choose(theme);
    this.moved();
  };

  toggleKiosk = (): void => {
    this.#around.kiosk().toggle();
    this.moved();
  };

  toggleFullscreen = (): void => {
    const asked =
      document.fullscreenElement === null
        ? document.documentElement.requestFullscreen()
        : document.exitFullscreen();
    asked.catch(() => this.#around.announce(strings.noFullscreen));
  };

  copyLink = (): Promise<boolean> => copy(`${location.origin}${location.pathname}${this.#query(true)}`);

  copyLine = (of: "curl" | "js"): Promise<boolean> => {
    const [topic = ""] = this.#stage.player.topics;
    return copy(of === "curl" ? curlLine(this.#hub, topic) : jsLine(this.#hub, topic));
  };

  savePng = (): void => {
    const [topic = ""] = this.#stage.player.topics;
    const { to } = this.#range;
    this.#stage.chart.picture(strings.title(this.#stage.player.topics.join(", "))).then(
      (picture) => savePng(picture, topic, to),
      () => this.#around.announce(strings.notPictured),
    );
  };

  saveCsv = (): void => {
    const range = this.#range;
    for (const topic of this.#stage.player.topics) void this.#saveTable(topic, range);
  };

  tableRows = (rows: number): readonly TableRow[] => {
    const { leadLine, lines } = this.#stage.player;
    return leadLine === undefined ? [] : rowsOf(leadLine, lines, this.#range, rows);
  };

  /** Another view is seen than the address asks for. */
  moved(): void {
    this.#address.follow();
    this.#stage.refresh();
  }

  async #saveTable(topic: string, range: Range): Promise<void> {
    const { rows, problem } = await saveCsv({ url: this.#hub, topic, ...range });
    if (problem !== undefined) this.#around.announce(problemText(problem, rows));
    else if (rows === 0) this.#around.announce(strings.csvEmpty);
  }

  #query(withMoment: boolean): string {
    const { player } = this.#stage;
    const theme = this.#around.theme();
    const options: PageOptions = {
      topics: player.isDefaultTopic ? [] : player.topics,
      windowMs: player.playback.windowMs,
      at: withMoment ? player.momentAt(this.#range.to) : undefined,
      theme: theme.asked,
      isKiosk: this.#around.kiosk().isOn,
      isEmbed: document.documentElement.hasAttribute("data-embed"),
    };
    return writeOptions(options, location.search);
  }

  get #hub(): string {
    return hubAddress(location.href);
  }

  get #stage(): Stage {
    return this.#around.stage();
  }

  /** What is on the screen, hub time. */
  get #range(): Range {
    const { playback } = this.#stage.player;
    const to = playback.end(this.#stage.newest() ?? 0);
    return { from: to - playback.windowMs, to };
  }
}

/** Records of `first` in view, newest first, each with what the other lines that are shown have at its instant. */
function rowsOf(first: Line, lines: readonly Line[], { from, to }: Range, count: number): TableRow[] {
  const rows: TableRow[] = [];
  for (let instant = Math.min(to, first.playhead); rows.length < count; ) {
    const sample = first.sampleAt(instant);
    if (sample === undefined || sample.time < from) break;
    const { time, seq } = sample;
    // A line that is hidden is not kept up to date.
    const shown = (line: Line) => (line.isShown ? line.sampleAt(time)?.value : undefined);
    rows.push({ t: time, seq, values: lines.map(shown) });
    instant = before(time);
  }
  return rows;
}

/** The instants of neighbours differ by a microsecond at least. */
function before(time: number): number {
  return time - 0.0005;
}

function problemText(problem: Problem, rows: number): string {
  switch (problem) {
    case "too-long":
      return strings.csvTooLong(new Intl.NumberFormat().format(rows));
    case "other-epoch":
      return strings.csvOtherEpoch;
    case "failed":
      return strings.csvFailed;
  }
}
