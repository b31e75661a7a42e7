/**
 * What the address asks for, and the address that asks for what is seen. What it does not understand falls back to the
 * default, because a mistyped address on a wall display should still show the line.
 */

import { readPosition } from "../client/protocol";
import { durationText, WINDOW_DEFAULT_MS, windowOf } from "../duration";
import type { Theme } from "../page";

/** A record of a topic's timeline, and so the moment at which it was due. */
export interface Moment {
  readonly epoch: string;
  readonly seq: number;
}

export interface PageOptions {
  /** In the order asked for; none: the hub's default topic. */
  readonly topics: readonly string[];
  readonly windowMs: number;
  /** Undefined: live. */
  readonly at: Moment | undefined;
  /** Undefined: as chosen on this device, else as the device prefers. */
  readonly theme: Theme | undefined;
  readonly isKiosk: boolean;
  readonly isEmbed: boolean;
}

/** Each topic is a connection of its own. */
export const TOPICS_MAX = 8;

export function readOptions(query: string): PageOptions {
  const asked = new URLSearchParams(query);
  const topics = (asked.get("topic") ?? "").split(",").map((name) => name.trim());
  return {
    topics: [...new Set(topics)].filter((name) => name !== "").slice(0, TOPICS_MAX),
    windowMs: windowOf(asked.get("window") ?? "") ?? WINDOW_DEFAULT_MS,
    at: readPosition(asked.get("at") ?? ""),
    theme: readTheme(asked.get("theme")),
    isKiosk: asked.get("kiosk") === "1",
    isEmbed: asked.get("embed") === "1",
  };
}

/**
 * The query that asks for this, with its question mark, or nothing. What `before` says besides, a token for example,
 * stays as it is.
 */
export function writeOptions(options: PageOptions, before = ""): string {
  const asked = new URLSearchParams(before);
  const put = (name: string, value: string | undefined) => {
    if (value === undefined) asked.delete(name);
    else asked.set(name, value);
  };
  const { topics, windowMs, at, theme, isKiosk, isEmbed } = options;
  put("topic", topics.length > 0 ? topics.join(",") : undefined);
  put("window", windowMs === WINDOW_DEFAULT_MS ? undefined : durationText(windowMs));
  put("at", at && `${at.epoch}:${at.seq}`);
  put("theme", theme);
  put("kiosk", isKiosk ? "1" : undefined);
  put("embed", isEmbed ? "1" : undefined);
  // Both are allowed there as they are, and an address is read by people.
  const query = asked.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return query === "" ? "" : `?${query}`;
}

function readTheme(text: string | null): Theme | undefined {
  return text === "light" || text === "dark" || text === "auto" ? text : undefined;
}
