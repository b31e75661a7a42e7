/**
 * The page's address: the hub it names, the options in its query string, and how it is kept in step with the view, for
 * reloads and bookmarks. Invalid options fall back to the default; `address_problems.ts` says which.
 */

import { readPosition } from "../client/protocol";
import type { Theme } from "../page";
import { formatDuration, parseWindow, WINDOW_DEFAULT_MS } from "../viewport";

/** Each topic takes its own connection. */
export const TOPICS_MAX = 8;
/** Minimum interval: Safari rejects more than 100 changes in 30 s, and a key held down would make hundreds. */
const EVERY_MS = 500;

/** A position in a topic's timeline, and so the instant at which its record was due. */
export interface Moment {
  readonly epoch: string;
  readonly seq: number;
}

export interface PageOptions {
  /** In the order given; empty for the hub's default topic. At most `TOPICS_MAX`. */
  readonly topics: readonly string[];
  /** The topics in the URL beyond that. */
  readonly furtherTopics?: readonly string[];
  readonly windowMs: number;
  /** The columns that are drawn, as in the query; undefined for those drawn by default. */
  readonly columns?: readonly string[] | undefined;
  /** Undefined for live. */
  readonly at: Moment | undefined;
  /** Undefined for the theme stored on this device, or else the device's preference. */
  readonly theme: Theme | undefined;
  readonly isKiosk: boolean;
  readonly isEmbed: boolean;
}

/** The hub's URL: that of the page, also behind a proxy that adds a path. */
export function hubAddress(page: string): string {
  return new URL(".", page).href.replace(/\/$/, "");
}

export function readOptions(query: string): PageOptions {
  const params = new URLSearchParams(query);
  const topics = readTopics(params.get("topic") ?? "");
  return {
    topics: topics.slice(0, TOPICS_MAX),
    ...(topics.length > TOPICS_MAX ? { furtherTopics: topics.slice(TOPICS_MAX) } : {}),
    windowMs: parseWindow(params.get("window") ?? "") ?? WINDOW_DEFAULT_MS,
    ...(params.has("columns") ? { columns: readColumns(params.get("columns") ?? "") } : {}),
    at: readPosition(params.get("at") ?? ""),
    theme: readTheme(params.get("theme")),
    isKiosk: params.get("kiosk") === "1",
    isEmbed: params.get("embed") === "1",
  };
}

/** The distinct names in a list that is separated by commas. */
export function readTopics(list: string): readonly string[] {
  const names = list.split(",").map((name) => name.trim());
  return [...new Set(names)].filter((name) => name !== "");
}

/** The columns in a list that is separated by commas; within a name, a comma is `%2C` and a percent sign may be `%25`. */
function readColumns(list: string): readonly string[] {
  return list.split(",").map((name) => name.replace(/%(25|2C)/gi, decodeURIComponent));
}

/**
 * Returns the query string for these options, with its question mark, or an empty string. Other parameters in `before`,
 * a token for example, are kept.
 */
export function writeOptions(options: PageOptions, before = ""): string {
  const params = new URLSearchParams(before);
  const put = (name: string, value: string | undefined) => {
    if (value === undefined) params.delete(name);
    else params.set(name, value);
  };
  const { topics, windowMs, columns, at, theme, isKiosk, isEmbed } = options;
  put("topic", topics.length > 0 ? topics.join(",") : undefined);
  put("window", windowMs === WINDOW_DEFAULT_MS ? undefined : formatDuration(windowMs));
  put("columns", columns?.map((name) => name.replace(/%(?=25|2C)|,/gi, encodeURIComponent)).join(","));
  put("at", at && `${at.epoch}:${at.seq}`);
  put("theme", theme);
  put("kiosk", isKiosk ? "1" : undefined);
  put("embed", isEmbed ? "1" : undefined);
  // Commas, colons and slashes need no escaping, and URLs are read by people.
  const query = params.toString().replace(/%(2C|3A|2F)/g, decodeURIComponent);
  return query === "" ? "" : `?${query}`;
}

/** Whether `query` has options that `options`, read from it, would write differently: perhaps they cannot be met. */
export function hasDoubts(options: PageOptions, query: string): boolean {
  const met = new URLSearchParams(writeOptions(options, query));
  const isOther = ([name, text]: readonly [string, string]) => text !== "" && met.get(name) !== text;
  return options.furtherTopics !== undefined || [...new URLSearchParams(query)].some(isOther);
}

/** Writes the query string into the browser's address bar. */
export class AddressBar {
  readonly #query: () => string;
  #cooldown: ReturnType<typeof setTimeout> | undefined;
  #isStale = false;

  /** `query` returns the current query string, with its question mark. */
  constructor(query: () => string) {
    this.#query = query;
  }

  /** The view has changed. Changes in quick succession are combined into one update. */
  update(): void {
    this.#isStale = true;
    if (this.#cooldown === undefined) this.#write();
  }

  #write(): void {
    this.#cooldown = undefined;
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#cooldown = setTimeout(() => this.#write(), EVERY_MS);
    try {
      history.replaceState(null, "", `${location.pathname}${this.#query()}`);
    } catch {
      // A document with an opaque origin, as in a sandboxed frame, may not change its address.
    }
  }
}

export function readTheme(text: string | null): Theme | undefined {
  return text === "light" || text === "dark" || text === "auto" ? text : undefined;
}
