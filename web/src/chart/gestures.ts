/**
 * Mouse, touch, pen and wheel on the plot, as wishes: drag moves through time, Shift and drag picks a range, the wheel and
 * two fingers zoom, a double tap goes back. It grants no wish, and shows nothing.
 */

import type { Plot } from "./plot";

export type ChartWish =
  /** Later by so much; earlier if negative. More of the same gesture may follow. */
  | { readonly kind: "pan"; readonly byMs: number }
  /** The pan is over. */
  | { readonly kind: "panned" }
  /** So many times as much time, with this instant staying where it is. */
  | { readonly kind: "zoom"; readonly factor: number; readonly anchor: number }
  | { readonly kind: "show"; readonly from: number; readonly to: number }
  | { readonly kind: "reset" };

export interface GestureTarget {
  /** The element; nothing inside it takes events of its own. */
  readonly surface: HTMLElement;
  readonly plot: Plot;
  readonly onWish: (wish: ChartWish) => void;
  /** Somebody points at this x; undefined: no longer. */
  readonly onPoint: (x: number | undefined) => void;
  /** The range that is being picked, as places; undefined: none. */
  readonly onSelect: (from: number | undefined, to: number | undefined) => void;
}

interface Finger {
  readonly isTouch: boolean;
  readonly startX: number;
  x: number;
  y: number;
}

/** Less than that is a tap of an unsteady hand. */
const DRAG_LEAST_PX = 5;
/** Two taps within this time and distance are one wish. */
const DOUBLE_MS = 350;
const DOUBLE_PX = 30;
/** Three notches of a usual wheel double the time on the screen. */
const ZOOM_PER_PX = Math.LN2 / 300;
/** A pinch on a trackpad comes as a wheel with Ctrl and small steps. */
const ZOOM_PER_PINCHED_PX = Math.LN2 / 60;
/** What one line and one page of a wheel are, in pixels. */
const WHEEL_PX = [1, 16, 400] as const;

export class Gestures {
  readonly #target: GestureTarget;
  readonly #listeners = new AbortController();
  readonly #fingers = new Map<number, Finger>();
  #mode: "none" | "pan" | "select" | "pinch" = "none";
  #tapAt = Number.NEGATIVE_INFINITY;
  #tapX = 0;

  constructor(target: GestureTarget) {
    this.#target = target;
    const { surface } = target;
    const { signal } = this.#listeners;
    const passive = { passive: true, signal };
    surface.addEventListener("pointerdown", (event) => this.#down(event), passive);
    surface.addEventListener("pointermove", (event) => this.#move(event), passive);
    surface.addEventListener("pointerup", (event) => this.#up(event), passive);
    surface.addEventListener("pointercancel", (event) => this.#leave(event.pointerId), passive);
    surface.addEventListener("pointerleave", (event) => this.#out(event), passive);
    // Not passive: the page must not scroll while the wheel zooms.
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false, signal });
  }

  destroy(): void {
    this.#listeners.abort();
    this.#fingers.clear();
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0 || this.#fingers.size === 2) return;
    const { offsetX: x, offsetY: y } = event;
    this.#fingers.set(event.pointerId, { isTouch: event.pointerType === "touch", startX: x, x, y });
    // Else a button that is let go outside would stay pressed for ever here.
    this.#target.surface.setPointerCapture(event.pointerId);
    if (this.#fingers.size === 2) {
      this.#finish();
      this.#mode = "pinch";
    }
  }

  #move(event: PointerEvent): void {
    const finger = this.#fingers.get(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    if (finger === undefined || !finger.isTouch) this.#point(x);
    if (finger === undefined) return;
    if (this.#mode === "pinch") {
      this.#pinch(finger, x, y);
      return;
    }
    if (this.#mode === "none" && Math.abs(x - finger.startX) >= DRAG_LEAST_PX)
      this.#mode = event.shiftKey ? "select" : "pan";
    if (this.#mode === "pan") this.#pan(finger.x - x);
    if (this.#mode === "select") this.#target.onSelect(finger.startX, x);
    // A drag begins where the hand was set down, not where it was noticed.
    if (this.#mode !== "none") finger.x = x;
    finger.y = y;
  }

  #up(event: PointerEvent): void {
    const finger = this.#fingers.get(event.pointerId);
    if (finger === undefined) return;
    if (this.#mode === "none") this.#tap(event.offsetX, event.timeStamp);
    if (this.#mode === "select") this.#show(finger.startX, event.offsetX);
    this.#leave(event.pointerId);
  }

  #leave(pointerId: number): void {
    if (!this.#fingers.delete(pointerId)) return;
    this.#finish();
    // Of two fingers the one that stays goes on with another drag, from where it is.
    for (const [id, finger] of this.#fingers) this.#fingers.set(id, { ...finger, startX: finger.x });
  }

  #out(event: PointerEvent): void {
    // A finger that is lifted leaves too, and what it has tapped stays.
    if (event.pointerType !== "touch" && this.#fingers.size === 0) this.#target.onPoint(undefined);
  }

  #finish(): void {
    if (this.#mode === "pan" || this.#mode === "pinch") this.#target.onWish({ kind: "panned" });
    if (this.#mode === "select") this.#target.onSelect(undefined, undefined);
    this.#mode = "none";
  }

  #tap(x: number, at: number): void {
    const isSecond = at - this.#tapAt <= DOUBLE_MS && Math.abs(x - this.#tapX) <= DOUBLE_PX;
    this.#tapAt = isSecond ? Number.NEGATIVE_INFINITY : at;
    this.#tapX = x;
    this.#point(x);
    if (isSecond) this.#target.onWish({ kind: "reset" });
  }

  #pan(px: number): void {
    if (px !== 0) this.#target.onWish({ kind: "pan", byMs: px * this.#target.plot.msPerPx });
  }

  #pinch(finger: Finger, x: number, y: number): void {
    const before = spread([...this.#fingers.values()]);
    finger.x = x;
    finger.y = y;
    const after = spread([...this.#fingers.values()]);
    this.#pan(before.centre - after.centre);
    // What was between the fingers is there still: the plot has not been drawn anew since.
    if (before.distance > 0 && after.distance > 0)
      this.#zoom(before.distance / after.distance, before.centre);
  }

  #show(startX: number, x: number): void {
    const { plot, onWish } = this.#target;
    const within = (place: number) => plot.at(Math.min(plot.right, Math.max(plot.left, place)));
    const [from, to] = [within(Math.min(startX, x)), within(Math.max(startX, x))];
    if (to > from) onWish({ kind: "show", from, to });
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const px = WHEEL_PX[event.deltaMode] ?? 1;
    const [dx, dy] = [event.deltaX * px, event.deltaY * px];
    // Some browsers turn a wheel with Shift by themselves, others do not.
    const isAlong = !event.ctrlKey && (event.shiftKey || Math.abs(dx) > Math.abs(dy));
    if (isAlong) {
      this.#pan(dx === 0 ? dy : dx);
      this.#target.onWish({ kind: "panned" });
    } else this.#zoom(Math.exp(dy * (event.ctrlKey ? ZOOM_PER_PINCHED_PX : ZOOM_PER_PX)), event.offsetX);
  }

  #zoom(factor: number, x: number): void {
    const { plot, onWish } = this.#target;
    if (factor !== 1) onWish({ kind: "zoom", factor, anchor: plot.at(x) });
  }

  #point(x: number): void {
    this.#target.onPoint(this.#target.plot.hasX(x) ? x : undefined);
  }
}

function spread([one, other]: readonly Finger[]): { readonly centre: number; readonly distance: number } {
  if (one === undefined || other === undefined) return { centre: 0, distance: 0 };
  return { centre: (one.x + other.x) / 2, distance: Math.hypot(one.x - other.x, one.y - other.y) };
}
