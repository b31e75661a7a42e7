/**
 * Instants as local time: the user's time zone, its days, and texts for people. A time of day is always accompanied by
 * its zone, and by its date unless that is today's. Knows no elements and reads no clock.
 *
 * # Zones
 * A zone may be half an hour off, or, before 1972, seconds; a day may have 23 or 25 hours; a midnight may be missing; an
 * hour may come twice. Nothing here assumes otherwise.
 */

import { LOCALE } from "./locale";

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Clocks are never set by more than this in one night. */
const SHIFT_MAX_MS = 3 * HOUR_MS;

const toMinutes = { hour: "2-digit", minute: "2-digit" } as const;
const toSeconds = { ...toMinutes, second: "2-digit" } as const;
const fullDay = { day: "numeric", month: "short", year: "numeric" } as const;

const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(LOCALE, options);
const minutes = format(toMinutes);
const seconds = format(toSeconds);
const fractions = ([1, 2, 3] as const).map((fractionalSecondDigits) =>
  format({ ...toSeconds, fractionalSecondDigits }),
);
const dates = format(fullDay);
const days = format({ day: "numeric", month: "short" });
const monthsAndYears = format({ month: "short", year: "numeric" });
const months = format({ month: "short" });
const years = format({ year: "numeric" });
const zones = format({ timeZoneName: "short" });
const ranges = format({ ...fullDay, ...toSeconds, timeZoneName: "short" });

/** What a text of an instant shows. */
export type TimePrecision =
  | "minutes"
  | "seconds"
  | "tenths"
  | "hundredths"
  | "milliseconds"
  | "day"
  | "date"
  | "month"
  | "month and year"
  | "year";

const FORMATS: Readonly<Record<TimePrecision, Intl.DateTimeFormat>> = {
  minutes,
  seconds,
  tenths: fractions[0] as Intl.DateTimeFormat,
  hundredths: fractions[1] as Intl.DateTimeFormat,
  milliseconds: fractions[2] as Intl.DateTimeFormat,
  day: days,
  date: dates,
  month: months,
  "month and year": monthsAndYears,
  year: years,
};

export function timeText(instant: number, precision: TimePrecision): string {
  return FORMATS[precision].format(instant);
}

/** The short name of the time zone at an instant, such as `CET` or `GMT+5:45`. */
export function zoneName(instant: number): string {
  return zones.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** Formats an instant to the millisecond, with the date unless it is `today`'s. */
export function momentText(instant: number, today: number): string {
  return withZone(withDate(timeText(instant, "milliseconds"), instant, today), instant);
}

/** Formats an instant like `momentText`, but to the second. */
export function sinceText(instant: number, today: number): string {
  return withZone(spokenMoment(instant, today), instant);
}

/** Like `sinceText` without the zone: what is read aloud has to be short. */
export function spokenMoment(instant: number, today: number): string {
  return withDate(timeText(instant, "seconds"), instant, today);
}

/** Formats an instant with its date. */
export function dateText(instant: number): string {
  return withZone(`${timeText(instant, "date")}, ${timeText(instant, "seconds")}`, instant);
}

/** Formats a time range in full. */
export function rangeText(from: number, to: number): string {
  return ranges.formatRange(from, to);
}

/** Adds the zone to the text of an instant. */
export function withZone(text: string, instant: number): string {
  return `${text} ${zoneName(instant)}`;
}

function withDate(time: string, instant: number, today: number): string {
  return isSameDay(instant, today) ? time : `${timeText(instant, "date")}, ${time}`;
}

export function isSameDay(one: number, other: number): boolean {
  return startOfDay(one) === startOfDay(other);
}

/** What has to be added to an instant so that its UTC fields are the local ones, in milliseconds. */
export function wallOffset(instant: number): number {
  const date = new Date(instant);
  // `getTimezoneOffset` drops the seconds of a zone that has them.
  const fields = [date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds()] as const;
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), ...fields) - date.getTime();
}

/**
 * The first instant after `from` with an offset other than that at `from`; undefined if the offset at `to` is the same.
 */
export function offsetChange(from: number, to: number): number | undefined {
  const before = wallOffset(from);
  let [low, high] = [Math.floor(from), Math.ceil(to)];
  if (wallOffset(high) === before) return undefined;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallOffset(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Whether clocks have shown the local time of this instant before, because they were set back since. */
export function isRepeated(instant: number): boolean {
  const offset = wallOffset(instant);
  const before = wallOffset(instant - SHIFT_MAX_MS);
  return before > offset && wallOffset(instant - (before - offset)) === before;
}

/** The instant at which a local day begins; `day` may lie outside its month. */
export function beginOfDate(year: number, month: number, day: number): number {
  const date = new Date(year, month, day);
  const instant = date.getTime();
  // When clocks go forward at midnight, the day begins where they have been set.
  return isOnHour(date, 0) ? instant : (offsetChange(instant - DAY_MS, instant) ?? instant);
}

export function startOfDay(instant: number): number {
  const date = new Date(instant);
  return beginOfDate(date.getFullYear(), date.getMonth(), date.getDate());
}

export function nextDay(instant: number): number {
  const date = new Date(instant);
  const after = (days: number) => beginOfDate(date.getFullYear(), date.getMonth(), date.getDate() + days);
  // After a day that begins twice, the date is one behind for a minute.
  return after(1) > instant ? after(1) : after(2);
}

function isOnHour(date: Date, hour: number): boolean {
  return date.getHours() === hour && date.getMinutes() === 0 && date.getSeconds() === 0;
}
