/**
 * What the address asks for. Reads a query string once; what it does not understand falls back to the
 * default, because a mistyped address on a wall display should still show the line.
 */

export interface PageOptions {
  /** Undefined: the hub's default topic. */
  readonly topic: string | undefined;
  readonly windowMs: number;
  /** Undefined: as the device prefers. */
  readonly theme: "light" | "dark" | undefined;
}

/** Some ten heartbeats: long enough to see a rhythm, short enough to see each beat. */
export const WINDOW_DEFAULT_MS = 10_000;
const WINDOW_MIN_MS = 1_000;
const WINDOW_MAX_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export function readOptions(query: string): PageOptions {
  const asked = new URLSearchParams(query);
  const theme = asked.get("theme");
  return {
    topic: asked.get("topic") || undefined,
    windowMs: readDuration(asked.get("window") ?? "") ?? WINDOW_DEFAULT_MS,
    theme: theme === "light" || theme === "dark" ? theme : undefined,
  };
}

/** `30s`, `500ms`, `5m`; a bare number counts seconds. Kept between a second and an hour. */
function readDuration(text: string): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const factor = UNITS_MS[unit];
  if (amount === undefined || factor === undefined) return undefined;
  return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, Number(amount) * factor));
}
