/**
 * The page's options in the URL's query string, read and written. Invalid values fall back to the default, because a
 * mistyped URL on a wall display should still show the chart.
 */

import { readPosition } from "../client/protocol";
import { formatDuration, parseWindow, WINDOW_DEFAULT_MS } from "../duration";
import type { Theme } from "../page";

/** A position in a topic's timeline, and so the instant at which its record was due. */
export interface Moment {
  readonly epoch: string;
  readonly seq: number;
}

export interface PageOptions {
  /** In the order given; empty for the hub's default topic. */
  readonly topics: readonly string[];
  readonly windowMs: number;
  /** Undefined for live. */
  readonly at: Moment | undefined;
  /** Undefined for the theme stored on this device, or else the device's preference. */
  readonly theme: Theme | undefined;
  readonly isKiosk: boolean;
  readonly isEmbed: boolean;
}

/** Each topic takes its own connection. */
export const TOPICS_MAX = 8;

export function readOptions(query: string): PageOptions {
  const params = new URLSearchParams(query);
  const topics = (params.get("topic") ?? "").split(",").map((name) => name.trim());
  return {
    topics: [...new Set(topics)].filter((name) => name !== "").slice(0, TOPICS_MAX),
    windowMs: parseWindow(params.get("window") ?? "") ?? WINDOW_DEFAULT_MS,
    at: readPosition(params.get("at") ?? ""),
    theme: readTheme(params.get("theme")),
    isKiosk: params.get("kiosk") === "1",
    isEmbed: params.get("embed") === "1",
  };
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
  const { topics, windowMs, at, theme, isKiosk, isEmbed } = options;
  put("topic", topics.length > 0 ? topics.join(",") : undefined);
  put("window", windowMs === WINDOW_DEFAULT_MS ? undefined : formatDuration(windowMs));
  put("at", at && `${at.epoch}:${at.seq}`);
  put("theme", theme);
  put("kiosk", isKiosk ? "1" : undefined);
  put("embed", isEmbed ? "1" : undefined);
  // Commas and colons need no escaping, and URLs are read by people.
  const query = params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return query === "" ? "" : `?${query}`;
}

function readTheme(text: string | null): Theme | undefined {
  return text === "light" || text === "dark" || text === "auto" ? text : undefined;
}
