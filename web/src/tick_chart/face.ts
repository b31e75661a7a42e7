/**
 * What `<tick-chart>` shows around its chart: label and value or, of several lines, which is which; the state, which is
 * the way back to live; and a way to stop. It finds the words for facts, asks for no data and keeps no time.
 */

import { SteadyNumber } from "../number";
import type { Wishes } from "../page";
import type { PlayerFacts } from "../player/facts";
import { strings } from "../strings";
import { badgeWords, isBehind } from "../view/badge";
import { Legend, labelsOf, valueText } from "../view/legend";
import { noticeWords } from "../view/notice";
import { make, mark, write } from "../view/parts";
import { windowText } from "../view/time";
import { PauseButton } from "./pause_button";

/** What of the facts is told here. */
type FaceFacts = Pick<PlayerFacts, "legend" | "windowMs" | "badge" | "isPaused" | "canPause" | "notice">;

/** Of the wishes that a page grants, those that somebody may have here. */
export type FaceWishes = Pick<Wishes, "togglePause" | "goLive" | "toggleSeries" | "soloSeries">;

export class Face {
  readonly chartHost = part("div", "chart");
  readonly #label = part("p", "label");
  readonly #value = part("p", "value");
  readonly #badge = part("button", "badge");
  readonly #notice = part("div", "notice");
  readonly #title = make("p", {});
  readonly #hint = make("p", {});
  readonly #pause: PauseButton;
  readonly #list = part("ul", "legend");
  readonly #legend: Legend;
  #number = new SteadyNumber();
  #measured = "";

  constructor(root: ShadowRoot, wishes: FaceWishes) {
    this.#pause = new PauseButton(part("button", "pause"), wishes.togglePause);
    this.#legend = new Legend(this.#list, wishes);
    this.#badge.type = "button";
    this.#badge.onclick = () => this.#badge.ariaDisabled !== "true" && wishes.goLive();
    this.#notice.role = "status";
    this.#notice.hidden = true;
    this.#notice.append(this.#title, this.#hint);
    const bar = make("div", { className: "bar" });
    // First, because whatever moves by itself must be easy to stop.
    bar.append(this.#pause.element, this.#badge, this.#label, this.#list, this.#value);
    root.append(bar, this.chartHost, this.#notice);
    // On somebody else's page the wheel scrolls on, unless it pinches or somebody has set to work here.
    const leaveWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && root.activeElement !== this.chartHost) event.stopPropagation();
    };
    root.addEventListener("wheel", leaveWheel as EventListener, { capture: true, passive: true });
  }

  show(facts: FaceFacts): void {
    this.#showLines(facts);
    this.#showBadge(facts);
    this.#pause.show(facts);
    this.#notice.hidden = facts.notice === undefined;
    if (facts.notice !== undefined) this.#tell(noticeWords(facts.notice));
  }

  /** There is no line, for want of a hub; what was there before was another one's. */
  showNoHub(windowMs: number): void {
    const badge = { kind: "stopped" } as const;
    this.show({ legend: [], windowMs, badge, isPaused: false, canPause: false, notice: undefined });
    this.#tell([strings.noHub, strings.noHubHint]);
    this.#notice.hidden = false;
  }

  #tell([title, hint]: readonly [title: string, hint: string]): void {
    write(this.#title, title);
    write(this.#hint, hint);
  }

  #showLines({ legend, windowMs }: FaceFacts): void {
    const labels = labelsOf(legend);
    const isOne = legend.length <= 1;
    this.#label.hidden = !isOne;
    this.#list.hidden = isOne;
    mark(
      this.chartHost,
      "aria-label",
      strings.chart(labels.join(", "), strings.lastTime(windowText(windowMs, "long"))),
    );
    if (!isOne) this.#legend.show(legend);
    const [only] = isOne ? legend : [];
    this.#measure(only?.series.key ?? "");
    write(this.#label, labels[0] ?? "");
    // It may be cut.
    mark(this.#label, "title", labels[0]);
    const unit = only?.series.field.unit ?? "";
    write(this.#value, only === undefined ? "" : `${valueText(this.#number, only.value)} ${unit}`.trim());
  }

  /** Another quantity has decimals of its own. */
  #measure(key: string): void {
    if (key === this.#measured) return;
    this.#measured = key;
    this.#number = new SteadyNumber();
  }

  #showBadge({ badge }: FaceFacts): void {
    const { state, behind, countdown } = badgeWords(badge);
    mark(this.#badge, "data-kind", badge.kind);
    mark(this.#badge, "aria-disabled", String(!isBehind(badge)));
    mark(this.#badge, "title", isBehind(badge) ? strings.goLiveHint : undefined);
    write(this.#badge, [state, behind, countdown].filter((word) => word !== "").join(" "));
  }
}

/** Named, so that the page around it can dress it. */
function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  element.part.add(name);
  return element;
}
