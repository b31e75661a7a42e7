/**
 * The time navigator below the chart: the whole recorded timeline as a thin line, with a handle over the range that the
 * chart shows. Dragging the handle moves the view. It renders the state it is given and reports user input; the only
 * state it owns is its zoom.
 */

import type { TimeRange } from "./history_cache/time_range";
import { sinceText, zoneName } from "./local_time";
import type { TracePart } from "./scene";
import { strings } from "./strings";
import { ariaValues, hasMoved } from "./time_navigator/aria";
import { listenForInput } from "./time_navigator/input";
import {
  AUTO_ZOOM,
  HANDLE_LEAST_PX,
  handleBounds,
  keepViewVisible,
  keyTarget,
  type NavigatorState,
  type NavigatorZoom,
  shownRange,
  toInstant,
  toX,
  zoom,
} from "./time_navigator/navigator_range";
import type { Overview } from "./time_navigator/overview";
import { NavigatorPainter } from "./time_navigator/painter";
import { PreviewCard } from "./time_navigator/preview";
import { momentLabel, tickLabels } from "./time_navigator/tick_labels";

export type { NavigatorState } from "./time_navigator/navigator_range";

export interface TimeNavigatorOptions {
  /** An empty element; it becomes a slider containing a canvas. */
  readonly host: HTMLElement;
  /** The user wants this instant at the right edge of the view. */
  readonly onSeek: (end: number) => void;
  readonly onLive: () => void;
  /** Its appearance has changed and it should be drawn in the next frame. */
  readonly onChange: () => void;
  /** Formats a duration in words. */
  readonly spanText: (ms: number) => string;
}

export interface NavigatorScene extends NavigatorState {
  /** That of the first visible series, else of the records; undefined if there are none. */
  readonly overview: Overview | undefined;
  /** Samples of that series in the range of `hovered()`, in order of time. */
  readonly preview: readonly TracePart[];
  readonly isFollowing: boolean;
  /** Whether a recording is shown, so that nothing in it is live. */
  readonly isReplay: boolean;
}

type AnnouncedState = Omit<NavigatorScene, "overview" | "preview">;

/** The greatest width of an overview column: finer detail is not visible at this height. */
const COLUMN_PX = 5;

export class TimeNavigator {
  readonly #options: TimeNavigatorOptions;
  readonly #painter: NavigatorPainter;
  readonly #listening = new AbortController();
  #zoomState: NavigatorZoom = AUTO_ZOOM;
  #state: AnnouncedState | undefined;
  #announced: AnnouncedState | undefined;
  /** The range currently drawn on the canvas. */
  #range: TimeRange | undefined;
  #drawn = "";
  /** Where the pointer is; undefined if it is not over the navigator, or dragging. */
  #hoverX: number | undefined;
  readonly #preview: PreviewCard;
  /** While dragging: milliseconds from the pointer to the view's right edge. */
  #grabOffsetMs = 0;

  constructor(options: TimeNavigatorOptions) {
    this.#options = options;
    const { host } = options;
    this.#painter = new NavigatorPainter(host);
    this.#preview = new PreviewCard(host);
    host.tabIndex = 0;
    host.setAttribute("role", "slider");
    host.setAttribute("aria-label", strings.navigator(zoneName(Date.now())));
    // Until there is something to scrub, it is a slider of length zero.
    for (const name of ["aria-valuemin", "aria-valuemax", "aria-valuenow"]) host.setAttribute(name, "0");
    const gestures = {
      onGrab: (x: number) => this.#grab(x),
      onDrag: (x: number) => this.#drag(x),
      onHover: (x: number | undefined) => this.#hover(x),
      onZoom: (factor: number, x: number) => this.#zoom(factor, x),
      onReset: () => this.#setZoomState(AUTO_ZOOM),
      onKey: (key: string) => this.#onKey(key),
      onFocus: () => this.#state && this.#updateAria(this.#state),
    };
    listenForInput(host, gestures, this.#listening.signal);
    this.fit();
  }

  /** The length of the columns that an overview of this range should have: a power of two. */
  columnMs({ from, to }: TimeRange): number {
    return 2 ** Math.floor(Math.log2((COLUMN_PX * (to - from)) / Math.max(1, this.#painter.width)));
  }

  /** The range that the chart would show if the user clicked where the pointer is. */
  hovered(state: NavigatorState): TimeRange | undefined {
    const { width } = this.#painter;
    if (this.#hoverX === undefined || width === 0) return undefined;
    const { oldest, newest, view } = state;
    const at = Math.min(newest, Math.max(oldest, toInstant(this.#hoverX, this.range(state), width)));
    const half = (view.to - view.from) / 2;
    return { from: at - half, to: at + half };
  }

  /** The range that `draw` will show: the overview passed to it should cover this range. */
  range(state: NavigatorState): TimeRange {
    this.#zoomState = keepViewVisible(this.#zoomState, state);
    return shownRange(this.#zoomState, state);
  }

  /** Re-reads the host's size and colours. */
  fit(): void {
    this.#painter.fit();
    this.#range = undefined;
    this.#drawn = "";
  }

  /** Call for every frame; it does next to nothing until something has moved by a pixel. */
  draw(scene: NavigatorScene): void {
    const isNews = hasMoved(this.#announced, scene) || scene.isFollowing !== this.#announced?.isFollowing;
    this.#state = scene;
    if (isNews) this.#updateAria(scene);
    const { width } = this.#painter;
    if (width === 0 || scene.newest <= scene.oldest) return;
    this.#showPreview(scene);
    const range = this.#stableRange(this.range(scene), width);
    const { left, right } = handleBounds(scene.view, range, width);
    const appearance = `${range.from} ${range.to} ${Math.round(left)} ${Math.round(right)} ${scene.isFollowing} ${scene.overview?.revision}`;
    if (appearance === this.#drawn) return;
    this.#drawn = appearance;
    this.#paint(scene, range, { left, right });
    // While focused, every change would be read out by a screen reader.
    if (!this.#options.host.matches(":focus")) this.#updateAria(scene);
  }

  destroy(): void {
    this.#listening.abort();
    this.#options.host.replaceChildren();
    this.#preview.remove();
  }

  #paint(scene: NavigatorScene, range: TimeRange, { left, right }: { left: number; right: number }): void {
    const { width, markWidth } = this.#painter;
    const { oldest, newest, view, overview, isFollowing } = scene;
    const x = (instant: number) => toX(instant, range, width);
    const pixelMs = (range.to - range.from) / width;
    const ticks = tickLabels(range.from, range.to, markWidth * pixelMs, newest);
    // The range is only updated when it is a pixel off, and then snapped to whole pixels, so allow for two.
    const hasBeginning = oldest > range.from - 2 * pixelMs;
    this.#painter.paint({
      points: overview?.points(range) ?? [],
      // The last column may reach beyond the newest instant.
      x: (instant) => Math.min(x(instant), x(newest)),
      handle: { left, right },
      middle: x((view.from + view.to) / 2),
      isTick: view.to - view.from < pixelMs * HANDLE_LEAST_PX,
      zone: zoneName(range.from),
      ticks: ticks.map((tick) => ({ ...tick, x: x(tick.at) })),
      begins: hasBeginning
        ? { x: Math.max(0, x(oldest)), text: strings.navigatorBegins(momentLabel(oldest, newest)) }
        : undefined,
      liveX: newest <= range.to + pixelMs ? Math.min(width, x(newest)) : undefined,
      isFollowing,
    });
  }

  #showPreview(scene: NavigatorScene): void {
    const range = this.hovered(scene);
    if (range === undefined || this.#hoverX === undefined) {
      this.#preview.hide();
      return;
    }
    const text = sinceText((range.from + range.to) / 2, scene.newest);
    this.#preview.show({ x: this.#hoverX, range, text, parts: scene.preview });
  }

  #hover(x: number | undefined): void {
    this.#hoverX = x;
    this.#options.onChange();
  }

  /** Pressing the handle grabs it where it was touched; pressing beside it centres the view on the pointer. */
  #grab(x: number): void {
    const state = this.#state;
    if (state === undefined) return;
    const { width } = this.#painter;
    const range = this.range(state);
    const { left, right } = handleBounds(state.view, range, width);
    const isOn = x >= left && x <= right;
    this.#grabOffsetMs = isOn
      ? state.view.to - toInstant(x, range, width)
      : (state.view.to - state.view.from) / 2;
    if (!isOn) this.#drag(x);
  }

  #drag(x: number): void {
    const state = this.#state;
    if (state === undefined) return;
    const end = toInstant(x, this.range(state), this.#painter.width) + this.#grabOffsetMs;
    this.#options.onSeek(Math.min(state.newest, Math.max(state.oldest, end)));
  }

  #zoom(factor: number, x: number): void {
    const state = this.#state;
    if (state === undefined) return;
    const anchor = toInstant(x, this.range(state), this.#painter.width);
    this.#setZoomState(zoom(this.#zoomState, state, factor, anchor));
  }

  #setZoomState(zoomState: NavigatorZoom): void {
    this.#zoomState = zoomState;
    this.#options.onChange();
  }

  #onKey(key: string): boolean {
    const state = this.#state;
    const target = state && keyTarget(key, state);
    if (state === undefined || target === undefined) return false;
    if (target === "live") {
      this.#options.onLive();
      return true;
    }
    this.#options.onSeek(target);
    // The next key may arrive before the next frame.
    const { from, to } = state.view;
    this.#state = { ...state, view: { from: target - (to - from), to: target } };
    return true;
  }

  #updateAria(state: AnnouncedState): void {
    const { host, spanText } = this.#options;
    const { max, now, text } = ariaValues(state, state.isFollowing, spanText, state.isReplay);
    const { oldest, newest, view, isFollowing, isReplay } = state;
    this.#announced = { oldest, newest, view: { ...view }, isFollowing, isReplay };
    set(host, "aria-valuemax", String(max));
    set(host, "aria-valuenow", String(now));
    set(host, "aria-valuetext", text);
  }

  /** Keeps the range on the canvas until the wanted one is a pixel away from it. */
  #stableRange(wanted: TimeRange, width: number): TimeRange {
    const shown = this.#range;
    const isNear = (end: "from" | "to") =>
      shown !== undefined && Math.abs(toX(wanted[end], shown, width) - toX(shown[end], shown, width)) < 1;
    if (shown !== undefined && isNear("from") && isNear("to")) return shown;
    this.#range = onPixels(wanted, width);
    return this.#range;
  }
}

/** Snaps the range to whole pixels at its scale, so that columns keep their samples while the range moves. */
function onPixels({ from, to }: TimeRange, width: number): TimeRange {
  const pixelMs = (to - from) / width;
  const end = Math.ceil(to / pixelMs) * pixelMs;
  return { from: end - pixelMs * width, to: end };
}

function set(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
