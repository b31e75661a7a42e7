/**
 * Turns mouse, touch, pen and wheel input on the chart into actions: drag pans, Shift and drag selects a range, the
 * wheel and two fingers zoom, a double tap resets. It applies no action and draws nothing.
 */

import type { PlotArea } from "./surface";

export type ChartAction =
  /** Pan by this much time, to earlier times if negative. More pans of the same gesture may follow. */
  | { readonly kind: "pan"; readonly byMs: number }
  /** The pan gesture has ended. */
  | { readonly kind: "panned" }
  /** Multiply the time window by `factor`, keeping this instant in place. */
  | { readonly kind: "zoom"; readonly factor: number; readonly anchor: number }
  | { readonly kind: "show"; readonly from: number; readonly to: number }
  | { readonly kind: "reset" };

export interface GestureTarget {
  /** The element that receives the events; none of its children handle events. */
  readonly surface: HTMLElement;
  readonly plot: PlotArea;
  readonly onAction: (action: ChartAction) => void;
  /** The pointer is at this x and y; x is undefined if it has left the plot area. */
  readonly onPoint: (x: number | undefined, y: number) => void;
  /** The range being selected, as x coordinates; undefined if none. */
  readonly onSelect: (from: number | undefined, to: number | undefined) => void;
}

interface ActivePointer {
  readonly isTouch: boolean;
  readonly startX: number;
  x: number;
  y: number;
}

/** Shorter movements are taps of an unsteady hand. */
const DRAG_LEAST_PX = 5;
/** Two taps within this time and distance are a double tap. */
const DOUBLE_MS = 350;
const DOUBLE_PX = 30;
/** Three notches of a typical wheel double the time window. */
const ZOOM_PER_PX = Math.LN2 / 300;
/** Browsers report a trackpad pinch as a wheel event with Ctrl and small deltas. */
const ZOOM_PER_PINCHED_PX = Math.LN2 / 60;
/** Pixels per unit of `deltaMode`: pixel, line, page. */
const WHEEL_PX = [1, 16, 400] as const;

export class ChartGestures {
  readonly #target: GestureTarget;
  readonly #listeners = new AbortController();
  readonly #pointers = new Map<number, ActivePointer>();
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
    surface.addEventListener("pointercancel", (event) => this.#release(event.pointerId), passive);
    surface.addEventListener("pointerleave", (event) => this.#onLeave(event), passive);
    // Not passive: the page must not scroll while the wheel zooms.
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false, signal });
  }

  destroy(): void {
    this.#listeners.abort();
    this.#pointers.clear();
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0 || this.#pointers.size === 2) return;
    const { offsetX: x, offsetY: y } = event;
    this.#pointers.set(event.pointerId, { isTouch: event.pointerType === "touch", startX: x, x, y });
    // Otherwise a button released outside the element would appear pressed forever.
    this.#target.surface.setPointerCapture(event.pointerId);
    if (this.#pointers.size === 2) {
      this.#finish();
      this.#mode = "pinch";
    }
  }

  #move(event: PointerEvent): void {
    const pointer = this.#pointers.get(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    if (pointer === undefined || !pointer.isTouch) this.#point(x, y);
    if (pointer === undefined) return;
    if (this.#mode === "pinch") {
      this.#pinch(pointer, x, y);
      return;
    }
    if (this.#mode === "none" && Math.abs(x - pointer.startX) >= DRAG_LEAST_PX)
      this.#mode = event.shiftKey ? "select" : "pan";
    if (this.#mode === "pan") this.#pan(pointer.x - x);
    if (this.#mode === "select") this.#target.onSelect(pointer.startX, x);
    // A drag starts where the pointer was pressed, not where it was recognised.
    if (this.#mode !== "none") pointer.x = x;
    pointer.y = y;
  }

  #up(event: PointerEvent): void {
    const pointer = this.#pointers.get(event.pointerId);
    if (pointer === undefined) return;
    if (this.#mode === "none") this.#tap(event);
    if (this.#mode === "select") this.#show(pointer.startX, event.offsetX);
    this.#release(event.pointerId);
  }

  #release(pointerId: number): void {
    if (!this.#pointers.delete(pointerId)) return;
    this.#finish();
    // After a pinch, the remaining finger starts a new drag from where it is.
    for (const [id, pointer] of this.#pointers) this.#pointers.set(id, { ...pointer, startX: pointer.x });
  }

  #onLeave(event: PointerEvent): void {
    // Lifting a finger also fires `pointerleave`, but the tapped position should stay.
    if (event.pointerType !== "touch" && this.#pointers.size === 0)
      this.#target.onPoint(undefined, event.offsetY);
  }

  #finish(): void {
    if (this.#mode === "pan" || this.#mode === "pinch") this.#target.onAction({ kind: "panned" });
    if (this.#mode === "select") this.#target.onSelect(undefined, undefined);
    this.#mode = "none";
  }

  #tap({ offsetX: x, offsetY: y, timeStamp: at }: PointerEvent): void {
    const isSecond = at - this.#tapAt <= DOUBLE_MS && Math.abs(x - this.#tapX) <= DOUBLE_PX;
    this.#tapAt = isSecond ? Number.NEGATIVE_INFINITY : at;
    this.#tapX = x;
    this.#point(x, y);
    if (isSecond) this.#target.onAction({ kind: "reset" });
  }

  #pan(px: number): void {
    if (px !== 0) this.#target.onAction({ kind: "pan", byMs: px * this.#target.plot.msPerPx });
  }

  #pinch(pointer: ActivePointer, x: number, y: number): void {
    const before = centreAndDistance([...this.#pointers.values()]);
    pointer.x = x;
    pointer.y = y;
    const after = centreAndDistance([...this.#pointers.values()]);
    this.#pan(before.centre - after.centre);
    // The instant between the fingers is still there: the plot has not been redrawn since.
    if (before.distance > 0 && after.distance > 0)
      this.#zoom(before.distance / after.distance, before.centre);
  }

  #show(startX: number, x: number): void {
    const { plot, onAction } = this.#target;
    const within = (at: number) => plot.at(Math.min(plot.right, Math.max(plot.left, at)));
    const [from, to] = [within(Math.min(startX, x)), within(Math.max(startX, x))];
    if (to > from) onAction({ kind: "show", from, to });
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const px = WHEEL_PX[event.deltaMode] ?? 1;
    const [dx, dy] = [event.deltaX * px, event.deltaY * px];
    // Some browsers turn Shift and wheel into a horizontal delta, others do not.
    const isAlong = !event.ctrlKey && (event.shiftKey || Math.abs(dx) > Math.abs(dy));
    if (isAlong) {
      this.#pan(dx === 0 ? dy : dx);
      this.#target.onAction({ kind: "panned" });
    } else this.#zoom(Math.exp(dy * (event.ctrlKey ? ZOOM_PER_PINCHED_PX : ZOOM_PER_PX)), event.offsetX);
  }

  #zoom(factor: number, x: number): void {
    const { plot, onAction } = this.#target;
    if (factor !== 1) onAction({ kind: "zoom", factor, anchor: plot.at(x) });
  }

  #point(x: number, y: number): void {
    this.#target.onPoint(this.#target.plot.hasX(x) ? x : undefined, y);
  }
}

function centreAndDistance([one, other]: readonly ActivePointer[]): {
  readonly centre: number;
  readonly distance: number;
} {
  if (one === undefined || other === undefined) return { centre: 0, distance: 0 };
  return { centre: (one.x + other.x) / 2, distance: Math.hypot(one.x - other.x, one.y - other.y) };
}
