/**
 * What `<tick-chart>` shows around its chart: label, value, state, and a way to stop and to come back. It finds the
 * words for facts, asks for no data and keeps no time.
 */

import { SteadyNumber } from "../number";
import type { Wishes } from "../page";
import type { PlayerFacts } from "../player/facts";
import { strings } from "../strings";
import { badgeWords } from "../view/badge";
import { noticeWords } from "../view/notice";

export class Face {
  readonly chartHost = element("div", "chart");
  readonly #label = element("p", "label");
  readonly #value = element("p", "value");
  readonly #pause = element("button", "pause");
  readonly #badge = element("button", "badge");
  readonly #notice = element("p", "notice");
  #number = new SteadyNumber();
  #series = "";

  constructor(root: ShadowRoot, wishes: Pick<Wishes, "togglePause" | "goLive">) {
    const bar = element("div", "bar");
    this.#pause.type = "button";
    this.#badge.type = "button";
    this.#pause.addEventListener("click", wishes.togglePause);
    this.#badge.addEventListener("click", wishes.goLive);
    // First, because whatever moves by itself must be easy to stop.
    bar.append(this.#pause, this.#badge, this.#label, this.#value);
    root.append(bar, this.chartHost, this.#notice);
  }

  show(facts: PlayerFacts): void {
    const shown = facts.legend.filter(({ isShown }) => isShown);
    const [first] = shown;
    this.#showSeries(
      shown.map(({ series }) => series.field.label ?? series.field.name ?? series.topic).join(", "),
    );
    const { value, series } = first ?? {};
    const isNumber = shown.length === 1 && value !== undefined && !Number.isNaN(value);
    write(this.#value, isNumber ? `${this.#number.text(value)} ${series?.field.unit ?? ""}`.trim() : "");
    const { kind } = facts.badge;
    if (this.#badge.dataset.kind !== kind) this.#badge.dataset.kind = kind;
    const { state, behind, countdown } = badgeWords(facts.badge);
    write(this.#badge, [state, behind, countdown].filter((word) => word !== "").join(" "));
    write(this.#pause, facts.isPaused ? strings.resume : strings.pause);
    this.#notice.hidden = facts.notice === undefined;
    if (facts.notice !== undefined) write(this.#notice, noticeWords(facts.notice)[0]);
  }

  #showSeries(name: string): void {
    if (name === this.#series) return;
    this.#series = name;
    // Another quantity has decimals of its own.
    this.#number = new SteadyNumber();
    write(this.#label, name);
  }
}

function element<K extends keyof HTMLElementTagNameMap>(tag: K, part: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = part;
  // So that the page around it can dress it.
  made.part.add(part);
  return made;
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
