/**
 * The contract between the view and the rest of the page: the state that the view renders, and the actions that a user
 * can trigger. Types only.
 */

import type { Refusal } from "./client/connection";
import type { Series } from "./scene";
import type { strings } from "./strings";

export type Theme = "light" | "dark" | "auto";

/** Whether the view keeps up with the hub. The badge that shows it also leads back to live. */
export type Badge =
  | { readonly kind: "connecting" | "waiting" | "live" | "draining" | "ended" | "stopped" }
  /** The user chose `behind` or `paused`; a `starving` view follows live, but nothing newer has arrived. */
  | { readonly kind: "behind" | "paused" | "starving"; readonly behindMs: number }
  | {
      readonly kind: "reconnecting" | "offline";
      readonly retryInMs: number;
      /** The hub answers, and has stopped the topic, because its dataset was changed. */
      readonly isTopicStopped?: boolean;
    };

/** The message shown in place of the chart while there is nothing to draw. */
export type Notice =
  | { readonly kind: "connecting" | "waiting" | "no-number" | "lost" | "data-changed" | "other-epoch" }
  | { readonly kind: "begins"; readonly at: number }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly topic: string };

/** What the topics shown carry: what publishers send, a recording, or one of each. */
export type Feed = keyof typeof strings.feeds;

/** What the records of a topic are, in the operator's words. */
export interface About {
  readonly title?: string;
  readonly origin?: string;
  readonly licence?: string;
}

/** What the hub says about a topic. */
export interface TopicInfo {
  readonly name: string;
  /** The name of the dataset's file; undefined on live topics. */
  readonly dataset: string | undefined;
  readonly about: About;
}

/** Where a replay stands: which record of its dataset is shown, and in which lap. */
export interface ReplayPosition {
  readonly topic: string;
  /** Counted from 1; undefined before the first record. */
  readonly record: number | undefined;
  /** The number of records in the dataset. */
  readonly records: number;
  readonly sha256: string;
  /** Counted from 1; undefined if the dataset does not loop, or if it is unknown. */
  readonly lap: number | undefined;
}

/** One row of the legend. */
export interface LegendEntry {
  readonly series: Series;
  readonly isShown: boolean;
  /** The value of the drawn point: at the crosshair, or else the newest; undefined if missing. */
  readonly value: number | undefined;
  /** How the record spells the value; undefined if the double says it all. */
  readonly spelling?: string | undefined;
  /** The visible extremes, where known: read aloud by screen readers. */
  readonly low?: ShownValue | undefined;
  readonly high?: ShownValue | undefined;
}

/** A value with its spelling in the record; undefined if the double says it all. */
export interface ShownValue {
  readonly value: number;
  readonly spelling?: string | undefined;
}

/** The statistics of the visible range; undefined for a series that the hub did not answer for. */
export interface SeriesStatistics {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly {
    readonly entry: LegendEntry;
    readonly statistics:
      | {
          readonly count: number;
          readonly min: ShownValue | undefined;
          readonly max: ShownValue | undefined;
          readonly mean: number | undefined;
        }
      | undefined;
  }[];
}

/** One record; a cell is undefined where the record has nothing for its column, all are while it is being loaded. */
export interface RecordRow {
  readonly t: number;
  readonly seq: number;
  readonly topic: string;
  readonly cells: readonly (string | undefined)[] | undefined;
}

export interface RecordTableContent {
  /** Titles of the cells' columns. */
  readonly columns: readonly string[];
  readonly rows: readonly RecordRow[];
}

/** How closely this screen follows the hub's clock, in milliseconds; undefined while unknown. */
export interface Sync {
  /** Hub time minus this device's wall clock. */
  readonly offsetMs: number | undefined;
  /** Upper bound of the error of the clock estimate. */
  readonly errorMs: number | undefined;
  /** The topic's playout delay. */
  readonly delayMs: number | undefined;
  /** How long before its playout instant the newest publication arrived; negative if it was late. */
  readonly aheadMs: number | undefined;
  /** Whether the hub is away: nothing is measured then. */
  readonly isLost: boolean;
}

/** What belongs to the drawn points, refreshed in every frame in which one of them has changed. */
export type Reading = Pick<ViewState, "legend" | "at" | "isPointed" | "seq" | "replays">;

/** How closely all viewers of the topic follow the hub's clock, as far as they report it. */
export interface Audience {
  readonly viewers: number;
  /** How many of them report. */
  readonly reporting: number;
  /** The clocks of 99 % of these are within this many milliseconds of the hub's. */
  readonly boundMs: number;
}

/** Everything the view shows, refreshed ten times a second. */
export interface ViewState {
  readonly topics: readonly string[];
  /** All topics of the hub; undefined until they have been fetched. */
  readonly available: readonly string[] | undefined;
  /** The topics in the page's address beyond as many as it can show. */
  readonly leftOut: readonly string[];
  /** What the hub says about its topics, as far as it has been fetched. */
  readonly about: ReadonlyMap<string, TopicInfo>;
  /** Undefined until the hub has answered. */
  readonly feed: Feed | undefined;
  /** One for each replay among the topics shown. */
  readonly replays: readonly ReplayPosition[];
  readonly badge: Badge;
  readonly isPaused: boolean;
  /** Whether there is anything to pause or resume. */
  readonly canPause: boolean;
  readonly legend: readonly LegendEntry[];
  /** How many columns the topics have, and how many of them are drawn. */
  readonly columns: { readonly drawn: number; readonly all: number };
  /** Numbers in the records beyond the most that can be lines. */
  readonly unlisted: number;
  /** The instant whose values are shown, and whether it is under the crosshair. */
  readonly at: number | undefined;
  readonly isPointed: boolean;
  readonly windowMs: number;
  readonly seq: number | undefined;
  readonly viewers: number | undefined;
  /** Undefined until it has been fetched. */
  readonly audience: Audience | undefined;
  /** Records that never reached this page. */
  readonly missed: number;
  /** Hub time since when a series has been missing records that are due; undefined if none is missing. */
  readonly starvingSince: number | undefined;
  /** Hub time at which the picture stopped because the connection is lost; undefined while it is not. */
  readonly lostSince: number | undefined;
  readonly sync: Sync;
  readonly notice: Notice | undefined;
  readonly theme: Theme;
  readonly isKiosk: boolean;
}

/** What a user can do; each action has a button, a key, or both. */
export interface Actions {
  /** Pauses this view, or resumes it from where it stands. */
  togglePause(): void;
  /** Jumps to live. */
  goLive(): void;
  /** Connects to the hub now instead of waiting for the next attempt. */
  retryNow(): void;
  /** Jumps to this instant, hub time in milliseconds. */
  goTo(instant: number): void;
  showWindow(ms: number): void;
  /** Factors above 1 zoom out. */
  zoom(factor: number): void;
  /** Restores the initial time window and jumps to live. */
  reset(): void;
  /** Moves the crosshair by this many samples; undefined hides it. */
  moveCursor(samples: number | undefined): void;
  /** Fetches the current list of topics. */
  findTopics(): void;
  /** Fetches how closely all viewers follow the hub's clock, unless that is known. */
  findAudience(): void;
  showTopics(topics: readonly string[]): void;
  toggleSeries(key: string): void;
  /** Shows only this series, or all again if it is the only one. */
  soloSeries(key: string): void;
  /** The user has pointed at a series, which the overview then shows. */
  pointSeries(key: string): void;
  openHelp(): void;
  /** Opens the table of the newest records in view. */
  openTable(): void;
  /** Opens the dialog for the value axes. */
  openAxes(): void;
  /** Opens the choice of the columns that are drawn. */
  openColumns(): void;
  /** Opens the statistics of the visible range. */
  openStatistics(): void;
  chooseTheme(theme: Theme): void;
  toggleKiosk(): void;
  toggleFullscreen(): void;
  /** Copies to the clipboard; the result says whether that worked. */
  copyLink(): Promise<boolean>;
  copyLine(of: "curl" | "js"): Promise<boolean>;
  /** Shows or hides the whole record at the crosshair. */
  toggleJson(): void;
  savePng(): void;
  saveCsv(): void;
}
