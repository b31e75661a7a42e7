/**
 * The time axis under the line: round instants in local wall time that travel with the line, and fade at
 * both ends instead of popping in and out. Knows instants and widths, no canvas and no data.
 */

/** Steps between marks in milliseconds; all divide the hour, so that marks stand on round wall times. */
const STEPS_MS = [
  200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
];

/** The least of the known steps that leaves every mark `least` milliseconds of room. */
export function stepFor(least: number): number {
  return STEPS_MS.find((step) => step >= least) ?? 3_600_000;
}

/** The round instants from `from` to `to`. */
export function marks(from: number, to: number, step: number): number[] {
  const found: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) found.push(time);
  return found;
}

/** How strongly a mark at `x` is shown, 0 to 1, on an axis from `left` to `right` with fading ends. */
export function strength(x: number, left: number, right: number, fade: number): number {
  return Math.max(0, Math.min(1, (x - left) / fade, (right - x) / fade));
}

const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const minutes = new Intl.DateTimeFormat(undefined, time);
const seconds = new Intl.DateTimeFormat(undefined, { ...time, second: "2-digit" });
const tenths = new Intl.DateTimeFormat(undefined, { ...time, second: "2-digit", fractionalSecondDigits: 1 });

/** The wall time of an instant, as exactly as the step asks for. */
export function wallTime(instant: number, step: number): string {
  const format = step >= 60_000 ? minutes : step >= 1_000 ? seconds : tenths;
  return format.format(instant);
}
