/**
 * The content of `<tick-chart>` around its chart: label and value, or a legend for several series; the badge, which
 * leads back to live; and a pause button. It renders state in words, fetches nothing and keeps no time.
 */

import { SteadyNumberFormat } from "../number";
import type { Actions, LegendEntry, Reading, ViewState } from "../page";
import type { PlayerViewState } from "../player/view_state";
import { strings } from "../strings";
import { elementStrings } from "../strings/on_demand";
import { badgeAction, badgeText, goLiveText, isAway, isBehind } from "../view/badge";
import { Legend, labelsOf, valueText } from "../view/legend";
import { noticeText } from "../view/notice";
import { make, setAttribute, write } from "../view/parts";
import { windowText } from "../view/time_format";

const SVG = "http://www.w3.org/2000/svg";
const BARS = "M8.5 6v12M15.5 6v12";
const TRIANGLE = "M9 6.5v11l8.5-5.5z";

/** The part of the view state shown here. */
type ElementViewState = Pick<
  PlayerViewState,
  "legend" | "columns" | "windowMs" | "badge" | "feed" | "isPaused" | "canPause" | "notice"
>;

/** The actions available in the element. */
export type ElementActions = Pick<
  Actions,
  "togglePause" | "goLive" | "retryNow" | "toggleSeries" | "soloSeries" | "pointSeries"
>;

/** What stands below the chart. */
export interface ElementRemark {
  /** What is wrong with the element's attributes and topics. */
  readonly problems: readonly string[];
  /** The names of fields that are not lines. */
  readonly notDrawn: readonly string[];
  /** The hub's page with the same topics, if it shows more. */
  readonly page: string | undefined;
}

export class ElementView {
  readonly chartHost = part("div", "chart");
  readonly #label = part("p", "label");
  readonly #value = part("p", "value");
  readonly #badge = part("button", "badge");
  readonly #notice = part("div", "notice");
  readonly #title = make("p", {});
  readonly #hint = make("p", {});
  readonly #remark = part("p", "remark");
  readonly #remarkText = make("span", {});
  readonly #page = make("a", { target: "_blank", rel: "noopener" }, elementStrings.wholePage);
  /** Shows the element's own content: what its page offers to readers without a chart. */
  readonly #fallback = make("slot", { hidden: true });
  readonly #pause: PauseButton;
  readonly #list = part("ul", "legend");
  readonly #legend: Legend;
  readonly #actions: ElementActions;
  #onBadge: (() => void) | undefined;
  #number = new SteadyNumberFormat();
  #measured = "";

  constructor(root: ShadowRoot, actions: ElementActions) {
    this.#pause = new PauseButton(part("button", "pause"), actions.togglePause);
    this.#legend = new Legend(this.#list, actions);
    this.#badge.type = "button";
    this.#actions = actions;
    this.#badge.onclick = () => this.#onBadge?.();
    this.#notice.role = "status";
    this.#notice.hidden = true;
    this.#notice.append(this.#title, this.#hint, this.#fallback);
    const bar = make("div", { className: "bar" });
    // First in tab order, because moving content must be easy to pause.
    bar.append(this.#pause.element, this.#badge, this.#label, this.#list, this.#value);
    this.#remark.role = "status";
    this.#remark.hidden = true;
    this.#remark.append(this.#remarkText, " ", this.#page);
    root.append(bar, this.chartHost, this.#notice, this.#remark);
    // In an embedding page the wheel scrolls the page, unless it is a pinch or the chart has focus.
    const leaveWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && root.activeElement !== this.chartHost) event.stopPropagation();
    };
    root.addEventListener("wheel", leaveWheel as EventListener, { capture: true, passive: true });
  }

  show(state: ElementViewState): void {
    this.#showLines(state);
    this.#showBadge(state);
    this.#pause.show(state);
    this.#notice.hidden = state.notice === undefined;
    this.#fallback.hidden = state.badge.kind !== "stopped";
    if (state.notice !== undefined) this.#setNotice(noticeText(state.notice));
  }

  /** Below the chart: what is wrong, and what the records have besides lines. */
  showRemark({ problems, notDrawn, page }: ElementRemark): void {
    const others = notDrawn.length > 0 ? [elementStrings.notDrawn(notDrawn.join(", "))] : [];
    write(this.#remarkText, [...problems.map((problem) => `${problem}.`), ...others].join(" "));
    this.#page.hidden = page === undefined;
    setAttribute(this.#page, "href", page);
    this.#remark.hidden = this.#remarkText.textContent === "" && this.#page.hidden;
  }

  /** Shows that there is no hub to connect to, in place of what a previous hub has shown. */
  showNoHub(windowMs: number): void {
    const badge = { kind: "stopped" } as const;
    const columns = { drawn: 0, all: 0 };
    const nothing = {
      legend: [],
      columns,
      feed: undefined,
      isPaused: false,
      canPause: false,
      notice: undefined,
    };
    this.show({ ...nothing, windowMs, badge });
    this.#setNotice([elementStrings.noHub, elementStrings.noHubHint]);
    this.#notice.hidden = false;
  }

  #setNotice([title, hint]: readonly [title: string, hint: string]): void {
    write(this.#title, title);
    write(this.#hint, hint);
  }

  #showLines({ legend, columns, windowMs }: ElementViewState): void {
    const labels = labelsOf(legend);
    const isOne = legend.length <= 1;
    this.#label.hidden = !isOne;
    this.#list.hidden = isOne;
    setAttribute(
      this.chartHost,
      "aria-label",
      strings.chart(labels.join(", "), strings.lastTime(windowText(windowMs, "long"))),
    );
    if (!isOne) this.#legend.show({ legend, columns, unlisted: 0 });
    write(this.#label, labels[0] ?? "");
    // The label may be truncated.
    setAttribute(this.#label, "title", labels[0]);
    this.showReading({ legend });
  }

  /** Updates the values, in the frame that draws their points. */
  showReading({ legend }: Pick<Reading, "legend">): void {
    this.#legend.showValues(legend);
    this.#showValue(legend.length === 1 ? legend[0] : undefined);
  }

  #showValue(only: LegendEntry | undefined): void {
    this.#useFormatOf(only?.series.key ?? "");
    const unit = only?.series.field.unit ?? "";
    write(this.#value, only === undefined ? "" : `${valueText(this.#number, only)} ${unit}`.trim());
  }

  /** A new series starts with its own number of decimals. */
  #useFormatOf(key: string): void {
    if (key === this.#measured) return;
    this.#measured = key;
    this.#number = new SteadyNumberFormat();
  }

  #showBadge({ badge, feed }: ElementViewState): void {
    const { state, behind, countdown } = badgeText(badge, feed);
    setAttribute(this.#badge, "data-kind", badge.kind);
    this.#onBadge = badgeAction(badge, this.#actions);
    const retry = isAway(badge) ? `· ${strings.retryNow}` : "";
    setAttribute(this.#badge, "aria-disabled", String(this.#onBadge === undefined));
    setAttribute(this.#badge, "title", isBehind(badge) ? goLiveText(feed) : undefined);
    write(this.#badge, [state, behind, countdown, retry].filter((word) => word !== "").join(" "));
  }
}

/** The pause button: an icon, with a label for screen readers. */
class PauseButton {
  readonly element: HTMLButtonElement;
  readonly #path = document.createElementNS(SVG, "path");

  constructor(element: HTMLButtonElement, onPress: () => void) {
    this.element = element;
    element.type = "button";
    element.onclick = () => element.ariaDisabled !== "true" && onPress();
    const image = document.createElementNS(SVG, "svg");
    setAttribute(image, "viewBox", "0 0 24 24");
    setAttribute(image, "aria-hidden", "true");
    image.append(this.#path);
    element.append(image);
    this.show({ isPaused: false, canPause: false });
  }

  show({ isPaused, canPause }: Pick<ViewState, "isPaused" | "canPause">): void {
    const name = isPaused ? strings.resume : strings.pause;
    setAttribute(this.#path, "d", isPaused ? TRIANGLE : BARS);
    setAttribute(this.element, "aria-label", name);
    setAttribute(this.element, "title", name);
    // Not really disabled: that would take the focus away from the user who has just pressed it.
    setAttribute(this.element, "aria-disabled", String(!canPause));
  }
}

/** Exposed as a shadow part, so that the embedding page can style it. */
function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  element.part.add(name);
  return element;
}
