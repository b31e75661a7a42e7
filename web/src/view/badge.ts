/** The badge that says whether this view keeps up with the hub, and that is the way back when it does not. */

import { hintOf, shortcutsOf } from "../commands";
import type { Badge, Wishes } from "../page";
import { strings } from "../strings";
import { mark, type Parts } from "./parts";
import { spanText } from "./time";

/** What the badge says. Of the two details at most one is not empty. */
export interface BadgeWords {
  readonly state: string;
  /** By how much the view is behind. */
  readonly behind: string;
  /** When the page tries again. */
  readonly countdown: string;
}

export function badgeWords(badge: Badge): BadgeWords {
  const words = { state: strings[badge.kind], behind: "", countdown: "" };
  switch (badge.kind) {
    case "behind":
    case "paused":
    case "starving":
      return { ...words, behind: `${strings.minus}${spanText(Math.max(0, badge.behindMs))}` };
    case "reconnecting": {
      // Over before it could be read.
      if (badge.retryInMs <= 1000) return words;
      const seconds = Math.ceil(badge.retryInMs / 1000);
      return { ...words, countdown: strings.inTime(`${seconds} s`) };
    }
    default:
      return words;
  }
}

/** Whether there is something newer to go to. */
export function isBehind({ kind }: Badge): boolean {
  return kind === "behind" || kind === "paused";
}

export class BadgeButton {
  readonly #parts: Parts;

  constructor(parts: Parts, wishes: Wishes) {
    this.#parts = parts;
    const badge = parts.at("badge");
    badge.onclick = () => badge.ariaDisabled !== "true" && wishes.goLive();
    mark(badge, "aria-keyshortcuts", shortcutsOf("live"));
  }

  show(badge: Badge): void {
    const element = this.#parts.at("badge");
    const { state, behind, countdown } = badgeWords(badge);
    mark(element, "data-kind", badge.kind);
    // Disabled for real it would lose the focus of whoever has just pressed it.
    mark(element, "aria-disabled", String(!isBehind(badge)));
    const hint = badge.kind === "live" ? strings.isLiveHint : "";
    mark(element, "title", isBehind(badge) ? hintOf("live", strings.goLiveHint) : hint);
    this.#parts.write("state-text", state);
    this.#parts.write("behind", behind);
    this.#parts.write("countdown", countdown);
  }
}
