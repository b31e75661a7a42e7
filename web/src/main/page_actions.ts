/**
 * Implements the page's actions, through the player for what is shown and through the browser for everything else.
 * Whether an action is offered is up to the view.
 */

import type { Api } from "../client/api";
import type { LiveChart } from "../live_chart";
import { sinceText } from "../local_time";
import type { Actions, Theme } from "../page";
import { strings } from "../strings";
import { AddressBar, type PageOptions, TOPICS_MAX, writeOptions } from "./address";
import type { Kiosk, ThemeChoice } from "./appearance";
import type { AudienceFeed } from "./audience";
import type { PageParts } from "./page_parts";
import type { TopicList } from "./topics";

/** What the actions operate on. */
export interface PageActionsOptions {
  readonly api: Api;
  readonly liveChart: LiveChart;
  readonly theme: ThemeChoice;
  readonly kiosk: Kiosk;
  readonly topicList: TopicList;
  readonly pageParts: PageParts;
  readonly audienceFeed: AudienceFeed;
  /** Reports the result of an action to the user. */
  readonly announce: (text: string) => void;
}

export class PageActions implements Actions {
  readonly #options: PageActionsOptions;
  readonly #address = new AddressBar(() => this.#query(false));

  constructor(options: PageActionsOptions) {
    this.#options = options;
  }

  togglePause = (): void => {
    const newest = this.#liveChart.newest();
    if (newest === undefined) return;
    const { viewport } = this.#liveChart.player;
    if (viewport.state === "paused") viewport.resume(newest);
    else viewport.pause(newest);
    this.#liveChart.refresh();
  };

  goLive = (): void => {
    this.#liveChart.player.goLive();
    this.viewChanged();
  };

  retryNow = (): void => this.#liveChart.player.retryNow();

  goTo = (instant: number): void => {
    const newest = this.#liveChart.newest();
    if (newest === undefined) return;
    const { player } = this.#liveChart;
    const { viewport, oldest } = player;
    player.forgetMoment();
    viewport.pause(newest);
    viewport.moveTo(instant + viewport.windowMs / 2, newest);
    this.#liveChart.refresh();
    if (instant > newest) this.#options.announce(strings.momentFuture);
    else if (oldest !== undefined && instant < startOfSecond(oldest))
      this.#options.announce(strings.momentEarly(sinceText(oldest, newest)));
  };

  showWindow = (ms: number): void => {
    this.#liveChart.player.viewport.setWindow(ms);
    this.viewChanged();
  };

  zoom = (factor: number): void => {
    const newest = this.#liveChart.newest();
    if (newest === undefined) return;
    const { viewport } = this.#liveChart.player;
    const middle = viewport.end(newest) - viewport.windowMs / 2;
    viewport.zoom(factor, this.#liveChart.chart.pointed?.at ?? middle, newest);
    this.viewChanged();
  };

  reset = (): void => {
    this.#liveChart.player.goLive();
    this.#liveChart.player.viewport.reset();
    this.viewChanged();
  };

  moveCursor = (samples: number | undefined): void => {
    this.#liveChart.chart.moveCursor(samples);
    this.#liveChart.refresh();
  };

  findTopics = (): void => void this.#options.topicList.refresh();

  findAudience = (): void => void this.#options.audienceFeed.refresh(this.#liveChart.player.lead.name);

  showTopics = (topics: readonly string[]): void => {
    if (topics.length > TOPICS_MAX) {
      this.#options.announce(strings.topicsFull(TOPICS_MAX));
      return;
    }
    this.#liveChart.player.showTopics(topics);
    this.viewChanged();
  };

  toggleSeries = (key: string): void => this.#liveChart.player.toggle(key);

  soloSeries = (key: string): void => this.#liveChart.player.solo(key);

  pointSeries = (key: string): void => this.#options.pageParts.follow(key);

  openHelp = (): void => this.#options.pageParts.withDialogs((dialogs) => dialogs.openHelp());

  openTable = (): void => this.#options.pageParts.withDialogs((dialogs) => dialogs.openTable());

  openAxes = (): void => this.#options.pageParts.withDialogs((dialogs) => dialogs.openAxes());

  openColumns = (): void =>
    this.#options.pageParts.withDialogs((dialogs) => dialogs.openColumns(() => this.viewChanged()));

  openStatistics = (): void => {
    const range = this.#liveChart.visibleRange;
    this.#options.pageParts.withDialogs((dialogs) => dialogs.openStatistics(range));
  };

  chooseTheme = (theme: Theme): void => {
    this.#options.theme.choose(theme);
    this.viewChanged();
  };

  toggleKiosk = (): void => {
    this.#options.kiosk.toggle();
    this.viewChanged();
  };

  toggleFullscreen = (): void => {
    const change =
      document.fullscreenElement === null
        ? document.documentElement.requestFullscreen()
        : document.exitFullscreen();
    change.catch(() => this.#options.announce(strings.noFullscreen));
  };

  copyLink = (): Promise<boolean> => copyText(`${location.origin}${location.pathname}${this.#query(true)}`);

  copyLine = (of: "curl" | "js"): Promise<boolean> => {
    const [topic = ""] = this.#liveChart.player.topics;
    const { api } = this.#options;
    return copyText(of === "curl" ? curlLine(api, topic) : jsLine(api, topic));
  };

  toggleJson = (): void => this.#options.pageParts.toggleJson();

  savePng = (): void => this.#options.pageParts.savePng();

  saveCsv = (): void => this.#options.pageParts.saveCsv();

  /** The view has changed, and the URL with it. */
  viewChanged(): void {
    this.#address.update();
    this.#liveChart.refresh();
  }

  #query(withMoment: boolean): string {
    const { player } = this.#liveChart;
    const { theme, kiosk } = this.#options;
    const { columns } = player.choices;
    const options: PageOptions = {
      topics: player.isDefaultTopic ? [] : player.topics,
      windowMs: player.viewport.windowMs,
      columns: columns.length > 0 ? columns : undefined,
      at: withMoment ? player.momentAt(this.#liveChart.visibleRange.to) : undefined,
      theme: theme.requested,
      isKiosk: kiosk.isOn,
      isEmbed: document.documentElement.hasAttribute("data-embed"),
    };
    return writeOptions(options, location.search);
  }

  get #liveChart(): LiveChart {
    return this.#options.liveChart;
  }
}

/** The field has no fractions of a second. */
function startOfSecond(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}

/** A command line that follows a topic with curl. */
function curlLine(api: Api, topic: string): string {
  return `curl -N '${api.httpUrl(`/sse/${topic}`)}'`;
}

/** A line for a browser's console that follows a topic. */
function jsLine(api: Api, topic: string): string {
  return `new WebSocket("${api.wsUrl(`/ws/${topic}`)}").onmessage = ({ data }) => console.log(JSON.parse(data));`;
}

/** Returns whether the text was copied to the clipboard. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard === undefined) return copyByCommand(text);
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

/** Over plain HTTP scripts have no clipboard API, but the copy command still works on a selection. */
function copyByCommand(text: string): boolean {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.readOnly = true;
  // Otherwise the page would scroll to its end.
  field.style.position = "fixed";
  // Nothing outside an open modal dialog can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
