/**
 * When to write down what a reload should find: when the page goes, when nobody looks any more, and now and
 * then in between, for a page that ends without a word. Knows nothing of what is written.
 */

/** A tab that crashes loses no more than this of its window, which the hub has; oftener would only wear out a disk. */
const EVERY_MS = 60_000;

export function keep(write: () => void): void {
  window.addEventListener("pagehide", write);
  document.addEventListener("visibilitychange", () => document.hidden && write());
  setInterval(() => whenIdle(write), EVERY_MS);
}

/** Between two frames, where the browser can tell. */
function whenIdle(call: () => void): void {
  if ("requestIdleCallback" in window) window.requestIdleCallback(call);
  else call();
}
