/** Durations as written in URLs and attributes. Pure functions. */

import { WINDOW_MAX_MS, WINDOW_MIN_MS } from "./viewport";

/** About ten heartbeats: long enough to see a rhythm, short enough to see each beat. */
export const WINDOW_DEFAULT_MS = 10_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Parses `30s`, `500ms`, `5m`; a bare number is in seconds. Clamped to what a view can show; undefined if malformed.
 */
export function parseWindow(text: string): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
  const factor = UNITS_MS[unit];
  if (amount === undefined || factor === undefined) return undefined;
  return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, Number(amount) * factor));
}

/** Formats a duration in the largest unit that divides it evenly. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  const units = Object.entries(UNITS_MS).reverse();
  const [unit, factor] = units.find(([, size]) => whole % size === 0) ?? ["ms", 1];
  return `${whole / factor}${unit}`;
}
