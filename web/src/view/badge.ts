/**
 * The badge: shows whether this view keeps up with the hub. When it does not, the badge leads back to live, or retries
 * the connection.
 */

import { hintOf, shortcutsOf } from "../commands";
import type { Actions, Badge, Feed, ViewState } from "../page";
import { strings } from "../strings";
import { type Parts, setAttribute } from "./parts";
import { spanText } from "./time_format";

/** The badge's text. At most one of the two details is not empty. */
export interface BadgeText {
  readonly state: string;
  /** How far the view is behind. */
  readonly behind: string;
  /** When the page retries. */
  readonly countdown: string;
}

export function badgeText(badge: Badge, feed: Feed = "live"): BadgeText {
  const state = badge.kind === "live" ? strings.feeds[feed] : strings[badge.kind];
  const text = { state, behind: "", countdown: "" };
  switch (badge.kind) {
    case "behind":
    case "paused":
    case "starving":
      return { ...text, behind: `${strings.minus}${spanText(Math.max(0, badge.behindMs))}` };
    case "reconnecting": {
      const known = badge.isTopicStopped === true ? { ...text, state: strings.topicStopped } : text;
      if (badge.retryInMs <= 1000) return known;
      const seconds = Math.ceil(badge.retryInMs / 1000);
      return { ...known, countdown: strings.inTime(`${seconds} s`) };
    }
    default:
      return text;
  }
}

/** Whether the badge leads back to live. */
export function isBehind({ kind }: Badge): boolean {
  return kind === "behind" || kind === "paused";
}

/** Whether the hub is away, so that the badge retries the connection. */
export function isAway({ kind }: Badge): boolean {
  return kind === "reconnecting" || kind === "offline";
}

/** What a click on the badge does; undefined if nothing. */
export function badgeAction(
  badge: Badge,
  actions: Pick<Actions, "goLive" | "retryNow">,
): (() => void) | undefined {
  if (isAway(badge)) return actions.retryNow;
  return isBehind(badge) ? actions.goLive : undefined;
}

function badgeHint(badge: Badge, feed: Feed | undefined): string {
  if (isBehind(badge)) return hintOf("live", goLiveText(feed));
  if (badge.kind !== "live") return "";
  return feed === "replay" ? strings.isReplayHint : strings.isLiveHint;
}

/** The name of the way back. */
export function goLiveText(feed: Feed | undefined): string {
  return feed === "replay" ? strings.rejoinHint : strings.goLiveHint;
}

export class BadgeButton {
  readonly #parts: Parts;
  readonly #actions: Actions;
  #onPress: (() => void) | undefined;

  constructor(parts: Parts, actions: Actions) {
    this.#parts = parts;
    this.#actions = actions;
    const badge = parts.at("badge");
    badge.onclick = () => this.#onPress?.();
    setAttribute(badge, "aria-keyshortcuts", shortcutsOf("live"));
  }

  show({ badge, feed }: Pick<ViewState, "badge" | "feed">): void {
    const element = this.#parts.at("badge");
    const { state, behind, countdown } = badgeText(badge, feed);
    this.#onPress = badgeAction(badge, this.#actions);
    setAttribute(element, "data-kind", badge.kind);
    // Not really disabled: that would take the focus away from the user who has just pressed it.
    setAttribute(element, "aria-disabled", String(this.#onPress === undefined));
    setAttribute(element, "title", badgeHint(badge, feed));
    this.#parts.write("state-text", state);
    this.#parts.write("behind", behind);
    this.#parts.write("countdown", countdown);
    this.#parts.write("retry", isAway(badge) ? strings.retryNow : "");
  }
}
