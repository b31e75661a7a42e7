/** What fills the stage while there is no line: what is the matter, and what can be done about it. */

import type { Facts, Notice, Wishes } from "../page";
import { strings } from "../strings";
import { copyButton } from "./copying";
import { button, make, type Parts } from "./parts";
import { dateText } from "./time";

/** More are found in the list. */
const TOPICS_NAMED = 6;

export class NoticePanel {
  readonly #parts: Parts;
  readonly #wishes: Wishes;
  readonly #announce: (text: string) => void;
  #shown = "";

  constructor(parts: Parts, wishes: Wishes, announce: (text: string) => void) {
    this.#parts = parts;
    this.#wishes = wishes;
    this.#announce = announce;
  }

  show({ notice, available }: Facts): void {
    const shown = notice === undefined ? "" : JSON.stringify([notice, available]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#parts.at("notice").hidden = notice === undefined;
    if (notice === undefined) return;
    const [title, hint] = noticeWords(notice);
    this.#parts.write("notice-title", title);
    this.#parts.write("notice-hint", hint);
    this.#parts.at("notice-ways").replaceChildren(...this.#ways(notice, available ?? []));
  }

  #ways(notice: Notice, available: readonly string[]): readonly HTMLElement[] {
    switch (notice.kind) {
      case "waiting":
      case "no-number":
        return [this.#curl(), link("api/v1/topics", strings.listOfTopics)];
      case "other-epoch":
        return [button(strings.goLive, () => this.#wishes.goLive(), "button")];
      case "refused": {
        if (notice.topic === "") return [];
        const others = available.slice(0, TOPICS_NAMED).map((name) => link(`?topic=${name}`, name));
        const home = link("./", strings.openDefault);
        home.dataset.part = "notice-link";
        home.className = "button";
        const areAll = available.length > 0 && available.length <= TOPICS_NAMED;
        return [home, ...others, ...(areAll ? [] : [link("api/v1/topics", strings.listOfTopics)])];
      }
      default:
        return [];
    }
  }

  #curl(): HTMLElement {
    const element = copyButton(strings.copyCurl, () => this.#wishes.copyLine("curl"), this.#announce);
    element.className = "button";
    return element;
  }
}

export function noticeWords(notice: Notice): readonly [title: string, hint: string] {
  switch (notice.kind) {
    case "connecting":
      return [strings.emptyConnecting, strings.emptyConnectingHint];
    case "waiting":
      return [strings.emptyWaiting, strings.emptyWaitingHint];
    case "no-number":
      return [strings.emptyNoNumber, strings.emptyNoNumberHint];
    case "lost":
      return [strings.emptyLost, strings.emptyLostHint];
    case "other-epoch":
      return [strings.emptyOtherEpoch, strings.emptyOtherEpochHint];
    case "begins":
      return [strings.emptyBegins(dateText(notice.at)), strings.emptyBeginsHint];
    case "refused":
      return [strings.refused(notice.refusal, notice.topic), strings.refusedHint(notice.refusal)];
  }
}

function link(href: string, text: string): HTMLAnchorElement {
  return make("a", { href }, text);
}
