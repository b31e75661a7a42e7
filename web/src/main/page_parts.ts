/**
 * What is around the chart: the time navigator, and parts that a viewer of numbers may never use, which are loaded when
 * they are first needed and stay then: what records have besides lines, the dialogs, and saving.
 *
 * # Loading on demand
 * The hub may be away by then, or have been updated, and no longer have the files of this page. A user who needs the
 * part gets to know so, and the next use tries again. Records that need it by themselves are tried again quietly.
 */

import type { Api } from "../client/api";
import type { LiveChart } from "../live_chart";
import { hasOnlyRecords, type PlayerScene } from "../player/topic_traces";
import type { Records } from "../records";
import { strings } from "../strings";
import { OnDemand } from "../view/deferred";
import type { Parts } from "../view/parts";
import type { Preferences } from "../view/preference";
import type { AxisChoices } from "./axis_choices";
import { NavigatorFeed } from "./navigator_feed";
import type { PageDialogs } from "./page_dialogs";
import type * as Saving from "./saving_actions";

/** Delay before records try again to load what shows them. */
const RETRY_MS = 5_000;

export interface PagePartsOptions {
  readonly parts: Parts;
  readonly api: Api;
  readonly liveChart: LiveChart;
  readonly axisChoices: AxisChoices;
  readonly preferences: Preferences;
  /** Reports the result of an action to the user. */
  readonly announce: (text: string) => void;
}

export class PageParts {
  readonly #options: PagePartsOptions;
  readonly #navigator: NavigatorFeed;
  readonly #records: OnDemand<Records>;
  readonly #dialogs: OnDemand<PageDialogs>;
  readonly #saving = new OnDemand<typeof Saving>(() => import("./saving_actions"));
  /** Page time from when records may try to load their part. */
  #recordsFrom = Number.NEGATIVE_INFINITY;

  constructor(options: PagePartsOptions) {
    const { parts, liveChart } = options;
    this.#options = options;
    this.#navigator = new NavigatorFeed(parts.at("strip"), liveChart);
    this.#records = new OnDemand(async () => {
      const { Records } = await import("../records");
      return new Records(parts.at("records"), liveChart);
    });
    this.#dialogs = new OnDemand(async () => {
      const { PageDialogs } = await import("./page_dialogs");
      return new PageDialogs(options);
    });
  }

  draw(scene: PlayerScene, at: number): void {
    if (this.#records.loaded === undefined) this.#loadRecords(scene, at);
    this.#records.loaded?.draw(scene, at);
    this.#navigator.draw(scene);
  }

  /** The overview shows this series from now on. */
  follow(key: string): void {
    this.#navigator.follow(key);
  }

  /** Updates what follows the stream without being drawn, at page time `now`. */
  update(now: number): void {
    this.#dialogs.loaded?.update(now);
  }

  fit(): void {
    this.#records.loaded?.fit();
    this.#navigator.fit();
  }

  refresh(): void {
    this.#records.loaded?.refresh();
  }

  toggleJson(): void {
    this.#use(this.#records, (records) => records.toggleJson());
  }

  withDialogs(open: (dialogs: PageDialogs) => void): void {
    this.#use(this.#dialogs, open);
  }

  savePng(): void {
    const { liveChart, announce } = this.#options;
    this.#use(this.#saving, (saving) => saving.savePicture(liveChart, announce));
  }

  saveCsv(): void {
    const { liveChart, announce, api } = this.#options;
    // What was visible then, not when the part has arrived.
    const { visibleRange: range, player } = liveChart;
    const { topics } = player;
    this.#use(this.#saving, (saving) => saving.saveRecords({ api, topics, range }, announce));
  }

  #use<T>(part: OnDemand<T>, act: (part: T) => unknown): void {
    part.load().then(act, () => this.#options.announce(strings.partMissing));
  }

  #loadRecords(scene: PlayerScene, at: number): void {
    const isNeeded = scene.others.length > 0 || hasOnlyRecords(scene, this.#options.liveChart.player.traces);
    if (!isNeeded || at < this.#recordsFrom) return;
    this.#recordsFrom = at + RETRY_MS;
    this.#records.load().then(
      () => this.#options.liveChart.refresh(),
      () => {},
    );
  }
}
