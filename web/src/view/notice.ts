/** The notice shown in place of the chart when there is nothing to draw: what is wrong, and what the user can do. */

import type { Actions, Notice, ViewState } from "../page";
import { strings } from "../strings";
import { goLiveText } from "./badge";
import { copyButton } from "./feedback";
import { button, make, type Parts } from "./parts";
import { dateText } from "./time_format";

/** More topics are only linked through the list. */
const TOPICS_NAMED = 6;

export class NoticePanel {
  readonly #parts: Parts;
  readonly #actions: Actions;
  readonly #announce: (text: string) => void;
  #shown = "";

  constructor(parts: Parts, actions: Actions, announce: (text: string) => void) {
    this.#parts = parts;
    this.#actions = actions;
    this.#announce = announce;
  }

  show({ notice: given, available, feed }: ViewState): void {
    // Records without numbers are shown below the chart.
    const notice = given?.kind === "no-number" ? undefined : given;
    const shown = notice === undefined ? "" : JSON.stringify([notice, available, feed]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#parts.at("notice").hidden = notice === undefined;
    if (notice === undefined) return;
    const [title, hint] = noticeText(notice);
    this.#parts.write("notice-title", title);
    this.#parts.write("notice-hint", hint);
    this.#parts.at("notice-ways").replaceChildren(...this.#remedies(notice, available ?? [], feed));
  }

  #remedies(notice: Notice, available: readonly string[], feed: ViewState["feed"]): readonly HTMLElement[] {
    switch (notice.kind) {
      case "waiting":
        return [this.#curl(), link("api/v1/topics", strings.listOfTopics)];
      case "other-epoch":
        return [button(goLiveText(feed), () => this.#actions.goLive(), "button")];
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
    const element = copyButton(strings.copyCurl, () => this.#actions.copyLine("curl"), this.#announce);
    element.className = "button";
    return element;
  }
}

export function noticeText(notice: Notice): readonly [title: string, hint: string] {
  switch (notice.kind) {
    case "connecting":
      return [strings.emptyConnecting, strings.emptyConnectingHint];
    case "waiting":
      return [strings.emptyWaiting, strings.emptyWaitingHint];
    case "no-number":
      return [strings.emptyNoNumber, strings.emptyNoNumberHint];
    case "lost":
      return [strings.emptyLost, strings.emptyLostHint];
    case "data-changed":
      return [strings.emptyDataChanged, strings.emptyDataChangedHint];
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
