/**
 * The elements around the line: who, what, how much, and how the line is doing. It is told facts and finds
 * the words for them; it asks for no data and keeps no time. An element is touched only when its text
 * changes: a status region that is rewritten is read aloud again.
 */

import type { Link, Refusal } from "./connection";
import { strings } from "./strings";
import type { Field } from "./timeline/field";
import { SteadyNumber } from "./view/number";

/** What fills the stage while there is no line. */
export type Notice =
  | { readonly kind: "connecting" | "waiting" | "no-number" | "lost" }
  | { readonly kind: "begins"; readonly at: number }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly topic: string };

export interface Foot {
  readonly seq: number | undefined;
  readonly errorMs: number | undefined;
  readonly viewers: number | undefined;
  /** Records that did not reach this page. */
  readonly missed: number;
}

export class View {
  readonly #root: ParentNode;
  #number = new SteadyNumber();
  #widest = 0;
  readonly #whole = new Intl.NumberFormat();
  readonly #tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

  constructor(root: ParentNode) {
    this.#root = root;
    this.#write("product", strings.product);
    this.#write("seq-name", strings.seq);
    this.#write("clock-name", strings.clock);
    this.#write("notice-link", strings.openDefault);
    this.#write("missed-name", strings.missed);
    this.#part("clock-line").title = strings.clockHint;
    this.#part("missed-line").title = strings.missedHint;
    this.showPaused(false);
    this.showValue(undefined);
    this.showFoot({ seq: undefined, errorMs: undefined, viewers: undefined, missed: 0 });
  }

  get chartHost(): HTMLElement {
    return this.#part("chart");
  }

  onPause(call: () => void): void {
    this.#part("pause").addEventListener("click", call);
    document.addEventListener("keydown", (event) => {
      // On a button or a link the space bar already means something, and a held key is one wish, not many.
      const isTaken =
        event.target instanceof Element && event.target.closest("button, a, input, select") !== null;
      if (event.key !== " " || isTaken || event.repeat || event.ctrlKey || event.altKey || event.metaKey)
        return;
      event.preventDefault();
      call();
    });
  }

  showTopic(topic: string | undefined): void {
    this.#write("topic", topic ?? strings.defaultTopic);
    document.title = strings.title(topic ?? strings.defaultTopic);
  }

  showField(field: Field | undefined, windowMs: number): void {
    const label = field?.label ?? field?.name ?? strings.unnamed;
    this.#write("label", label);
    this.#write("unit", field?.unit ?? "");
    this.chartHost.ariaLabel = strings.chart(label, windowMs / 1000);
    this.#number = new SteadyNumber();
    this.#widest = 0;
  }

  showLink(link: Link, hasEnded: boolean, now: number): void {
    const [kind, text] = describe(link, hasEnded);
    const state = this.#part("state");
    if (state.dataset.kind !== kind) state.dataset.kind = kind;
    this.#write("state-text", text);
    const seconds = link.kind === "waiting" ? Math.max(0, Math.ceil((link.until - now) / 1000)) : undefined;
    this.#write("countdown", seconds === undefined ? "" : strings.inSeconds(seconds));
  }

  showPaused(isPaused: boolean): void {
    const button = this.#part("pause");
    button.toggleAttribute("data-paused", isPaused);
    button.title = isPaused ? strings.resumeHint : strings.pauseHint;
    this.#write("pause-text", isPaused ? strings.resume : strings.pause);
  }

  /** How far a paused view has fallen behind; undefined while it runs. */
  showBehind(seconds: number | undefined): void {
    this.#write("behind", seconds === undefined ? "" : strings.behind(seconds));
  }

  showValue(value: number | undefined): void {
    const isNumber = value !== undefined && !Number.isNaN(value);
    const text = isNumber ? this.#number.text(value) : strings.noValue;
    this.#write("value", text);
    if (text.length <= this.#widest) return;
    this.#widest = text.length;
    this.#part("value").style.minInlineSize = `${text.length}ch`;
  }

  showFoot({ seq, errorMs, viewers, missed }: Foot): void {
    this.#write("seq", seq === undefined ? strings.noValue : this.#whole.format(seq));
    const error = errorMs === undefined ? undefined : this.#tenths.format(Math.max(0.1, errorMs));
    this.#write("clock", error === undefined ? strings.noValue : strings.clockError(error));
    this.#write("viewers", viewers === undefined ? strings.noValue : this.#whole.format(viewers));
    this.#write("viewers-name", strings.viewers(viewers ?? 0));
    this.#write("missed", this.#whole.format(missed));
    this.#part("missed-line").hidden = missed === 0;
  }

  showNotice(notice: Notice | undefined): void {
    this.#part("notice").hidden = notice === undefined;
    if (notice === undefined) return;
    const [title, hint] = explain(notice);
    this.#write("notice-title", title);
    this.#write("notice-hint", hint);
    this.#part("notice-link").hidden = notice.kind !== "refused" || notice.topic === "";
  }

  #write(part: string, text: string): void {
    const element = this.#part(part);
    if (element.textContent !== text) element.textContent = text;
  }

  #part(name: string): HTMLElement {
    const element = this.#root.querySelector<HTMLElement>(`[data-part="${name}"]`);
    if (element === null)
      throw new Error(`the page has no part \`${name}\`; index.html and view.ts disagree`);
    return element;
  }
}

function describe(link: Link, hasEnded: boolean): readonly [kind: string, text: string] {
  switch (link.kind) {
    case "live":
      return hasEnded ? ["ended", strings.ended] : ["live", strings.live];
    case "waiting":
      return link.isOnline ? ["waiting", strings.reconnecting] : ["offline", strings.offline];
    default:
      return [link.kind, strings[link.kind]];
  }
}

function explain(notice: Notice): readonly [title: string, hint: string] {
  switch (notice.kind) {
    case "connecting":
      return [strings.emptyConnecting, strings.emptyConnectingHint];
    case "waiting":
      return [strings.emptyWaiting, strings.emptyWaitingHint];
    case "no-number":
      return [strings.emptyNoNumber, strings.emptyNoNumberHint];
    case "lost":
      return [strings.emptyLost, strings.emptyLostHint];
    case "begins": {
      const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
      return [strings.emptyBegins(time.format(notice.at)), strings.emptyBeginsHint];
    }
    case "refused":
      return [strings.refused(notice.refusal, notice.topic), strings.refusedHint(notice.refusal)];
  }
}
