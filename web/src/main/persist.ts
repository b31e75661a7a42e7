/**
 * Decides when to save the state that a reload restores: when the page is left or hidden, and periodically for pages
 * that end without notice. Knows nothing of what is saved.
 */

/**
 * A tab that crashes loses at most this much of its window, which the hub still has; more frequent writes would only
 * wear out a disk.
 */
const EVERY_MS = 60_000;

export function persist(write: () => void): void {
  window.addEventListener("pagehide", write);
  document.addEventListener("visibilitychange", () => document.hidden && write());
  setInterval(() => whenIdle(write), EVERY_MS);
}

/** Between two frames, if the browser supports it. */
function whenIdle(call: () => void): void {
  if ("requestIdleCallback" in window) window.requestIdleCallback(call);
  else call();
}
