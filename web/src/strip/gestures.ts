/** Pointer, wheel and keys on the strip, as what they ask for. Knows pixels and keys, no instants. */

export interface Gestures {
  /** Pressed here; what is under the pointer is taken along, or comes to it. */
  readonly onGrab: (x: number) => void;
  readonly onDrag: (x: number) => void;
  readonly onZoom: (factor: number, x: number) => void;
  readonly onReset: () => void;
  readonly onFocus: () => void;
  /** Whether the key means something here. */
  readonly onKey: (key: string) => boolean;
}

/** One notch of a usual wheel, some 100 px, changes what is shown by a quarter. */
const ZOOM_PER_PX = Math.log(1.25) / 100;
const LINE_PX = 16;
const PAGE_PX = 400;

export function listen(host: HTMLElement, gestures: Gestures, signal: AbortSignal): void {
  const xOf = (event: MouseEvent) => event.clientX - host.getBoundingClientRect().left - host.clientLeft;
  let dragging: number | undefined;
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    call: (event: HTMLElementEventMap[K]) => void,
  ): void => host.addEventListener(type, call, { signal, passive: false });

  on("pointerdown", (event) => {
    if (event.button !== 0 || dragging !== undefined) return;
    dragging = event.pointerId;
    host.setPointerCapture(event.pointerId);
    gestures.onGrab(xOf(event));
  });
  on("pointermove", (event) => {
    if (event.pointerId === dragging) gestures.onDrag(xOf(event));
  });
  const release = (event: PointerEvent) => {
    if (event.pointerId === dragging) dragging = undefined;
  };
  on("pointerup", release);
  on("pointercancel", release);
  on("focus", () => gestures.onFocus());
  on("dblclick", () => gestures.onReset());
  on("wheel", (event) => {
    // With the control key the browser's own zoom is meant, or a pinch; both mean the strip here.
    event.preventDefault();
    const unit = [1, LINE_PX, PAGE_PX][event.deltaMode] ?? 1;
    gestures.onZoom(Math.exp(event.deltaY * unit * ZOOM_PER_PX), xOf(event));
  });
  on("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (!gestures.onKey(event.key)) return;
    event.preventDefault();
    // The page's own keys would move the view once more.
    event.stopPropagation();
  });
}
