/**
 * On a wall nobody wants to see a pointer, nor what it could press: both go when it has not moved for a while, and come
 * back when it does or when the wall is touched.
 */

const STILL_MS = 3_000;

export function watchStillness(root: Document): void {
  let since: ReturnType<typeof setTimeout> | undefined;
  const rest = () => root.documentElement.toggleAttribute("data-still", true);
  const stir = () => {
    root.documentElement.removeAttribute("data-still");
    clearTimeout(since);
    since = setTimeout(rest, STILL_MS);
  };
  for (const sign of ["pointermove", "pointerdown"]) root.addEventListener(sign, stir);
  rest();
}
