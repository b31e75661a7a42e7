/**
 * What the elements of the page are told, and what somebody in front of them may ask for. Types only: the view
 * shows facts and raises wishes, and everything between the two is the player's business.
 */

import type { Refusal } from "./client/connection";
import type { Series } from "./scene";

export type Theme = "light" | "dark" | "auto";

/** Whether the view keeps up with the hub. The badge that shows it is the way back to live. */
export type Badge =
  | { readonly kind: "connecting" | "waiting" | "live" | "draining" | "ended" | "stopped" }
  /** `behind` and `paused` are up to whoever looks; a `starving` view keeps to the newest, but nothing newer has come. */
  | { readonly kind: "behind" | "paused" | "starving"; readonly behindMs: number }
  | { readonly kind: "reconnecting" | "offline"; readonly retryInMs: number };

/** What fills the stage while there is no line. */
export type Notice =
  | { readonly kind: "connecting" | "waiting" | "no-number" | "lost" | "other-epoch" }
  | { readonly kind: "begins"; readonly at: number }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly topic: string };

/** One line of the legend. */
export interface LegendEntry {
  readonly series: Series;
  readonly isShown: boolean;
  /** The value at the crosshair, else at the line's end; undefined: none there. */
  readonly value: number | undefined;
  /** The lowest and the highest value in view, where somebody knows them: they are read aloud. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** One record as numbers, one for each line of the legend; undefined: it has none there. */
export interface TableRow {
  readonly t: number;
  readonly seq: number;
  readonly values: readonly (number | undefined)[];
}

/** How well this screen keeps the hub's time. Milliseconds; undefined while unknown. */
export interface Sync {
  /** Hub time less this device's wall clock. */
  readonly offsetMs: number | undefined;
  /** How far off the estimate can be at most. */
  readonly errorMs: number | undefined;
  /** The group's playout delay. */
  readonly delayMs: number | undefined;
  /** By how much the newest publication came before its instant was drawn; negative: it came late. */
  readonly aheadMs: number | undefined;
}

/** Everything the elements show, ten times a second. */
export interface Facts {
  readonly topics: readonly string[];
  /** What else the hub has; undefined until it has been asked. */
  readonly available: readonly string[] | undefined;
  readonly badge: Badge;
  readonly isPaused: boolean;
  /** Whether there is something that moves, or would. */
  readonly canPause: boolean;
  readonly legend: readonly LegendEntry[];
  /** The instant whose values are shown, and whether somebody points at it. */
  readonly at: number | undefined;
  readonly isPointed: boolean;
  readonly windowMs: number;
  readonly seq: number | undefined;
  readonly viewers: number | undefined;
  /** Records that did not reach this page. */
  readonly missed: number;
  /** Since when, in hub time, a line lacks what is due; undefined: every line has all of it. */
  readonly drySince: number | undefined;
  readonly sync: Sync;
  readonly notice: Notice | undefined;
  readonly theme: Theme;
  readonly isKiosk: boolean;
}

/** What somebody may ask for; each by a button, a key, or both. */
export interface Wishes {
  /** Stops this view, or lets it go on from where it stands. */
  togglePause(): void;
  /** Back to what is now. */
  goLive(): void;
  /** To this instant, hub time in milliseconds. */
  goTo(instant: number): void;
  showWindow(ms: number): void;
  /** Above 1: more time on the screen. */
  zoom(factor: number): void;
  /** The window of the address, and live. */
  reset(): void;
  /** Moves the crosshair by so many samples; undefined takes it away. */
  moveCursor(samples: number | undefined): void;
  /** The names of all topics, as they are by now. */
  findTopics(): void;
  showTopics(topics: readonly string[]): void;
  toggleSeries(key: string): void;
  /** This one alone; all again if it is alone already. */
  soloSeries(key: string): void;
  chooseTheme(theme: Theme): void;
  toggleKiosk(): void;
  toggleFullscreen(): void;
  /** To the clipboard; the result says whether that worked. */
  copyLink(): Promise<boolean>;
  copyLine(of: "curl" | "js"): Promise<boolean>;
  savePng(): void;
  saveCsv(): void;
  /** The newest records in view, newest first, at most `rows` of them. */
  tableRows(rows: number): readonly TableRow[];
}
