/** Durations as people write them in addresses and attributes. Pure. */

import { WINDOW_MAX_MS, WINDOW_MIN_MS } from "./playback";

/** Some ten heartbeats: long enough to see a rhythm, short enough to see each beat. */
export const WINDOW_DEFAULT_MS = 10_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30s`, `500ms`, `5m`; a bare number counts seconds. Kept within what a view can show. */
export function windowOf(text: string): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
  const factor = UNITS_MS[unit];
  if (amount === undefined || factor === undefined) return undefined;
  return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, Number(amount) * factor));
}

/** In the largest unit that it is a whole number of. */
export function durationText(ms: number): string {
  const whole = Math.round(ms);
  const units = Object.entries(UNITS_MS).reverse();
  const [unit, factor] = units.find(([, size]) => whole % size === 0) ?? ["ms", 1];
  return `${whole / factor}${unit}`;
}
