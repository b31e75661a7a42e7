/** Formats instants and durations in the user's locale. Knows no elements and no clock. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const YEAR_DAYS = 365;

const clockTime = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
} as const;
const moment = new Intl.DateTimeFormat(undefined, { ...clockTime, fractionalSecondDigits: 3 });
const second = new Intl.DateTimeFormat(undefined, clockTime);
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

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

const units = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
  ["second", SECOND_MS],
  ["millisecond", 1],
] as const;

/** Formats a time window in the largest unit of which it is at least one: `10s`, `1.5h`; long: `10 seconds`. */
export function windowText(ms: number, unitDisplay: "narrow" | "long" = "narrow"): string {
  const [unit, size] = units.find(([, least]) => ms >= least) ?? (["millisecond", 1] as const);
  const format = { style: "unit", unit, unitDisplay, maximumSignificantDigits: 3 } as const;
  return new Intl.NumberFormat(undefined, format).format(ms / size);
}

/** Formats an instant to the millisecond, with the date unless it is `today`'s. */
export function momentText(instant: number, today: number): string {
  return withDay(moment.format(instant), instant, today);
}

/** Formats the start of something that lasts: like `momentText`, but to the second. */
export function sinceText(instant: number, today: number): string {
  return withDay(second.format(instant), instant, today);
}

function withDay(time: string, instant: number, today: number): string {
  return day.format(instant) === day.format(today) ? time : `${day.format(instant)}, ${time}`;
}

export function dateText(instant: number): string {
  return dayAndTime.format(instant);
}

/** The value of a `datetime-local` field: local time, to the second. */
export function fieldText(instant: number): string {
  const local = instant - new Date(instant).getTimezoneOffset() * MINUTE_MS;
  return new Date(local).toISOString().slice(0, 19);
}
