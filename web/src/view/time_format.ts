/** Formats durations, for the eye and for the ear. Knows no elements and no clock. */

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../local_time";
import { LOCALE } from "../locale";

export { dateText, momentText, sinceText } from "../local_time";

const YEAR_DAYS = 365;
/** From here on, tenths of a second are more than one wants to hear. */
const SPOKEN_WHOLE_MS = 10 * SECOND_MS;
/** Between a number and its unit. */
const NO_BREAK_SPACE = "\u00a0";

const tenths = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const threeDigits = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 });

/**
 * Formats an elapsed time: `12.3 s`, `1:23 min`, `2:05:07 h`, `3 d 4 h`, `2 y 31 d`. Truncated, not rounded, because it
 * counts up.
 */
export function spanText(ms: number): string {
  if (ms < MINUTE_MS) return `${tenths.format(Math.floor(ms / 100) / 10)} s`;
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const [hours, minutes, seconds] = [ms / HOUR_MS, (ms % HOUR_MS) / MINUTE_MS, (ms % MINUTE_MS) / SECOND_MS];
  if (ms < HOUR_MS) return `${Math.floor(minutes)}:${two(seconds)} min`;
  if (ms < DAY_MS) return `${Math.floor(hours)}:${two(minutes)}:${two(seconds)} h`;
  const days = Math.floor(ms / DAY_MS);
  if (days < YEAR_DAYS) return `${days} d ${Math.floor(hours % 24)} h`;
  return `${whole.format(Math.floor(days / YEAR_DAYS))} y ${days % YEAR_DAYS} d`;
}

/** Formats a short duration: `0.5 ms`, `400 ms`, `1.2 s`, and from a minute on like `spanText`. */
export function delayText(ms: number): string {
  if (ms < 10) return `${tenths.format(ms)} ms`;
  return ms < SECOND_MS ? `${whole.format(ms)} ms` : spanText(ms);
}

/** Formats an error bound; never zero. */
export function errorText(ms: number): string {
  return `±${tenths.format(Math.max(0.1, ms))} ms`;
}

interface DurationUnit {
  readonly name: "day" | "hour" | "minute" | "second" | "millisecond";
  /** Its international symbol. */
  readonly symbol: string;
  readonly ms: number;
}

const UNITS: readonly DurationUnit[] = [
  { name: "day", symbol: "d", ms: DAY_MS },
  { name: "hour", symbol: "h", ms: HOUR_MS },
  { name: "minute", symbol: "min", ms: MINUTE_MS },
  { name: "second", symbol: "s", ms: SECOND_MS },
  { name: "millisecond", symbol: "ms", ms: 1 },
];
const MILLISECOND = UNITS.at(-1) as DurationUnit;

/** Formats a time window in the largest unit of which it is at least one: `10 s`, `1.5 h`; long: `10 seconds`. */
export function windowText(ms: number, form: "short" | "long" = "short"): string {
  const { name, symbol, ms: size } = UNITS.find(({ ms: least }) => ms >= least) ?? MILLISECOND;
  if (form === "long") return inWords(ms / size, name);
  return `${threeDigits.format(ms / size)}${NO_BREAK_SPACE}${symbol}`;
}

/** An elapsed time in words, as short as it can be said: `5.2 seconds`, `1 minute 23 seconds`, `3 days 4 hours`. */
export function spokenSpan(ms: number): string {
  if (ms < SPOKEN_WHOLE_MS) return inWords(Math.floor(ms / 100) / 10, "second");
  const first = UNITS.findIndex(({ ms: size }) => ms >= size);
  const { name, ms: size } = UNITS[first] as DurationUnit;
  const { name: nextName, ms: nextSize } = UNITS[first + 1] as DurationUnit;
  const rest = Math.floor((ms % size) / nextSize);
  const words = inWords(Math.floor(ms / size), name);
  return rest === 0 || name === "second" ? words : `${words} ${inWords(rest, nextName)}`;
}

function inWords(value: number, unit: DurationUnit["name"]): string {
  const format = { style: "unit", unit, unitDisplay: "long", maximumSignificantDigits: 3 } as const;
  return new Intl.NumberFormat(LOCALE, format).format(value);
}
