/**
 * On a wall display, hides the cursor and the controls while the pointer is idle, and shows them again when it moves or
 * the screen is touched.
 */

const IDLE_AFTER_MS = 3_000;

export function hideIdleCursor(root: Document): void {
  let since: ReturnType<typeof setTimeout> | undefined;
  const sleep = () => root.documentElement.toggleAttribute("data-still", true);
  const wake = () => {
    root.documentElement.removeAttribute("data-still");
    clearTimeout(since);
    since = setTimeout(sleep, IDLE_AFTER_MS);
  };
  for (const sign of ["pointermove", "pointerdown"]) root.addEventListener(sign, wake);
  sleep();
}
