/** Turns pointer, wheel and keyboard input on the time navigator into callbacks. Knows pixels and keys, no instants. */

export interface InputHandlers {
  /** The pointer was pressed at x. */
  readonly onGrab: (x: number) => void;
  readonly onDrag: (x: number) => void;
  /** A mouse or pen is over the navigator, not dragging; undefined when it has left. */
  readonly onHover: (x: number | undefined) => void;
  readonly onZoom: (factor: number, x: number) => void;
  readonly onReset: () => void;
  readonly onFocus: () => void;
  /** Returns whether the key was handled. */
  readonly onKey: (key: string) => boolean;
}

/** One notch of a typical wheel, about 100 px, zooms by a quarter. */
const ZOOM_PER_PX = Math.log(1.25) / 100;
const LINE_PX = 16;
const PAGE_PX = 400;

export function listenForInput(host: HTMLElement, gestures: InputHandlers, signal: AbortSignal): void {
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
    gestures.onHover(undefined);
    gestures.onGrab(xOf(event));
  });
  on("pointermove", (event) => {
    if (event.pointerId === dragging) gestures.onDrag(xOf(event));
    else if (event.pointerType !== "touch") gestures.onHover(xOf(event));
  });
  on("pointerleave", () => gestures.onHover(undefined));
  const release = (event: PointerEvent) => {
    if (event.pointerId === dragging) dragging = undefined;
  };
  on("pointerup", release);
  on("pointercancel", release);
  on("focus", () => gestures.onFocus());
  on("dblclick", () => gestures.onReset());
  on("wheel", (event) => {
    // With Ctrl, or for a pinch, the browser would zoom the page; here both zoom the navigator.
    event.preventDefault();
    const unit = [1, LINE_PX, PAGE_PX][event.deltaMode] ?? 1;
    gestures.onZoom(Math.exp(event.deltaY * unit * ZOOM_PER_PX), xOf(event));
  });
  on("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (!gestures.onKey(event.key)) return;
    event.preventDefault();
    // Otherwise the page's own shortcuts would move the view a second time.
    event.stopPropagation();
  });
}
