/**
 * The strip below the chart: all that is kept in a thin line, and on it a handle, which is what the chart shows. Moving the
 * handle moves the view. It is told facts and raises wishes; it keeps nothing but its own zoom.
 */

import type { Range } from "./past/range";
import type { Part } from "./scene";
import { strings } from "./strings";
import { listen } from "./strip/gestures";
import { marksWithin, moment } from "./strip/marks";
import { Overview } from "./strip/overview";
import { Painter } from "./strip/painter";
import {
  AUTOMATIC,
  type Choice,
  follow,
  HANDLE_LEAST_PX,
  handle,
  keyTarget,
  type Place,
  rangeOf,
  toInstant,
  toX,
  zoom,
} from "./strip/span";
import { isMoved, speak } from "./strip/speech";

export type { Place } from "./strip/span";

export interface StripOptions {
  /** Empty; it becomes a slider with a canvas in it. */
  readonly host: HTMLElement;
  /** Puts this instant at the right edge of the view. */
  readonly onSeek: (end: number) => void;
  readonly onLive: () => void;
  /** It would look different now, and should be drawn in the next frame. */
  readonly onChange: () => void;
  /** How long something takes, in words. */
  readonly spanText: (ms: number) => string;
}

export interface StripFacts extends Place {
  /** The first shown line, within `range()`; in the order of time. */
  readonly parts: readonly Part[];
  readonly isFollowing: boolean;
}

type Seen = Omit<StripFacts, "parts">;

/** One column of an overview that is asked for: finer is not seen at this height. */
const COLUMN_PX = 4;

export class Strip {
  readonly #options: StripOptions;
  readonly #painter: Painter;
  readonly #listening = new AbortController();
  #choice: Choice = AUTOMATIC;
  #place: Seen | undefined;
  #spoken: Seen | undefined;
  /** What lies on the canvas. */
  #range: Range | undefined;
  #drawn = "";
  #drawnParts: readonly Part["samples"][] = [];
  /** From the pointer to the view's right edge, in milliseconds. */
  #grip = 0;

  constructor(options: StripOptions) {
    this.#options = options;
    const { host } = options;
    this.#painter = new Painter(host);
    host.tabIndex = 0;
    host.setAttribute("role", "slider");
    host.setAttribute("aria-label", strings.strip);
    // Until there is something to move along, it is a slider without a way.
    for (const name of ["aria-valuemin", "aria-valuemax", "aria-valuenow"]) host.setAttribute(name, "0");
    const gestures = {
      onGrab: (x: number) => this.#grab(x),
      onDrag: (x: number) => this.#drag(x),
      onZoom: (factor: number, x: number) => this.#zoom(factor, x),
      onReset: () => this.#choose(AUTOMATIC),
      onKey: (key: string) => this.#press(key),
      onFocus: () => this.#place && this.#speak(this.#place),
    };
    listen(host, gestures, this.#listening.signal);
    this.fit();
  }

  /** How many columns of an overview are worth asking for. */
  get columns(): number {
    return Math.max(1, Math.ceil(this.#painter.width / COLUMN_PX));
  }

  /** What the strip is about to show: the range of the parts to give to `draw`. */
  range(place: Place): Range {
    this.#choice = follow(this.#choice, place);
    return rangeOf(this.#choice, place);
  }

  /** Adopts the present size and colours of the page. */
  fit(): void {
    this.#painter.fit();
    this.#range = undefined;
    this.#drawn = "";
  }

  /** For every frame; it costs next to nothing until something has moved by a pixel. */
  draw(facts: StripFacts): void {
    const isNews = isMoved(this.#spoken, facts) || facts.isFollowing !== this.#spoken?.isFollowing;
    this.#place = facts;
    if (isNews) this.#speak(facts);
    const { width } = this.#painter;
    if (width === 0 || facts.newest <= facts.oldest) return;
    const range = this.#steady(this.range(facts), width);
    const { left, right } = handle(facts.view, range, width);
    const look = `${range.from} ${range.to} ${Math.round(left)} ${Math.round(right)} ${facts.isFollowing}`;
    const samples = facts.parts.map((part) => part.samples);
    if (look === this.#drawn && isSame(samples, this.#drawnParts)) return;
    this.#drawn = look;
    this.#drawnParts = samples;
    this.#paint(facts, range, { left, right });
    // While it is focused, each word would be read out.
    if (!this.#options.host.matches(":focus")) this.#speak(facts);
  }

  destroy(): void {
    this.#listening.abort();
    this.#options.host.replaceChildren();
  }

  #paint(facts: StripFacts, range: Range, { left, right }: { left: number; right: number }): void {
    const { width, markWidth } = this.#painter;
    const { oldest, newest, view, parts, isFollowing } = facts;
    const x = (instant: number) => toX(instant, range, width);
    const pixelMs = (range.to - range.from) / width;
    const marks = marksWithin(range.from, range.to, markWidth * pixelMs, newest);
    // The range is kept until it is a pixel off, and then put on whole ones.
    const hasBeginning = oldest > range.from - 2 * pixelMs;
    this.#painter.paint({
      overview: new Overview(parts, range, width),
      handle: { left, right },
      middle: x((view.from + view.to) / 2),
      isTick: view.to - view.from < pixelMs * HANDLE_LEAST_PX,
      marks: marks.map((mark) => ({ ...mark, x: x(mark.at) })),
      begins: hasBeginning
        ? { x: Math.max(0, x(oldest)), text: strings.stripBegins(moment(oldest, newest)) }
        : undefined,
      liveX: newest <= range.to + pixelMs ? Math.min(width, x(newest)) : undefined,
      isFollowing,
    });
  }

  /** On the handle: it is taken where it was touched. Beside it: the view comes to the pointer. */
  #grab(x: number): void {
    const place = this.#place;
    if (place === undefined) return;
    const { width } = this.#painter;
    const range = this.range(place);
    const { left, right } = handle(place.view, range, width);
    const isOn = x >= left && x <= right;
    this.#grip = isOn ? place.view.to - toInstant(x, range, width) : (place.view.to - place.view.from) / 2;
    if (!isOn) this.#drag(x);
  }

  #drag(x: number): void {
    const place = this.#place;
    if (place === undefined) return;
    const end = toInstant(x, this.range(place), this.#painter.width) + this.#grip;
    this.#options.onSeek(Math.min(place.newest, Math.max(place.oldest, end)));
  }

  #zoom(factor: number, x: number): void {
    const place = this.#place;
    if (place === undefined) return;
    const anchor = toInstant(x, this.range(place), this.#painter.width);
    this.#choose(zoom(this.#choice, place, factor, anchor));
  }

  #choose(choice: Choice): void {
    this.#choice = choice;
    this.#options.onChange();
  }

  #press(key: string): boolean {
    const place = this.#place;
    const target = place && keyTarget(key, place);
    if (place === undefined || target === undefined) return false;
    if (target === "live") {
      this.#options.onLive();
      return true;
    }
    this.#options.onSeek(target);
    // The next key may come before the next frame.
    const { from, to } = place.view;
    this.#place = { ...place, view: { from: target - (to - from), to: target } };
    return true;
  }

  #speak(seen: Seen): void {
    const { host, spanText } = this.#options;
    const { max, now, text } = speak(seen, seen.isFollowing, spanText);
    const { oldest, newest, view, isFollowing } = seen;
    this.#spoken = { oldest, newest, view: { ...view }, isFollowing };
    set(host, "aria-valuemax", String(max));
    set(host, "aria-valuenow", String(now));
    set(host, "aria-valuetext", text);
  }

  /** The range on the canvas, until the wanted one is a pixel away from it. */
  #steady(wanted: Range, width: number): Range {
    const shown = this.#range;
    const isNear = (end: "from" | "to") =>
      shown !== undefined && Math.abs(toX(wanted[end], shown, width) - toX(shown[end], shown, width)) < 1;
    if (shown !== undefined && isNear("from") && isNear("to")) return shown;
    this.#range = onPixels(wanted, width);
    return this.#range;
  }
}

/** The range on whole pixels of its own scale, so that columns keep their samples as it moves along. */
function onPixels({ from, to }: Range, width: number): Range {
  const pixelMs = (to - from) / width;
  const end = Math.ceil(to / pixelMs) * pixelMs;
  return { from: end - pixelMs * width, to: end };
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}

function set(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
