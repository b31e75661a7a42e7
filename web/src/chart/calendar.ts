/**
 * Round instants in the user's time zone, from milliseconds to years: aligned to what a clock on the wall shows, whatever
 * the zone's offset is, and whatever happens to it on the way. Knows dates only.
 *
 * # When clocks change
 * A round time that is skipped has no mark, and an hour that comes twice is marked twice. A day whose midnight is
 * skipped is marked where it begins. Marks that would come too close together are left out; which ones does not depend
 * on the view.
 */

import { beginOfDate, DAY_MS, HOUR_MS, offsetChange, startOfDay, wallOffset } from "../local_time";

export interface CalendarStep {
  readonly unit: "hour" | "day" | "month";
  readonly count: number;
  /** The shortest possible length of a step, give or take an hour. */
  readonly leastMs: number;
}

/** A Monday, in days since the Unix epoch; weeks are counted from it. */
const MONDAY = 4;
/** A mark closer than this share of a step to the mark before it is left out. */
const LEAST_SHARE = 0.6;

/** A step of months; longer than a year, it is a multiple of years. */
export function monthStep(count: number): CalendarStep {
  return { unit: "month", count, leastMs: count * 28 * DAY_MS };
}

export const CALENDAR_STEPS: readonly CalendarStep[] = [
  ...[1, 2, 3, 6, 12].map((count) => ({ unit: "hour", count, leastMs: count * HOUR_MS }) as const),
  ...[1, 2, 7, 14].map((count) => ({ unit: "day", count, leastMs: count * DAY_MS }) as const),
  ...[1, 2, 3, 6, 12].map(monthStep),
];

/** Returns the starts of the calendar steps between `from` and `to`. */
export function calendarMarks(from: number, to: number, step: CalendarStep): number[] {
  if (step.unit === "hour") return clockMarks(from, to, step.count * HOUR_MS);
  const found: number[] = [];
  for (const instant of dateMarks(from, to, step)) {
    // A day that is missing begins with the next one.
    if (instant >= from && instant <= to && instant !== found.at(-1)) found.push(instant);
  }
  return found;
}

/** Returns the instants between `from` and `to` at which a clock shows a multiple of `stepMs`, which divides a day. */
export function clockMarks(from: number, to: number, stepMs: number): number[] {
  const found: number[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (let at = alignedFrom(from - 2 * stepMs, stepMs); at <= to; at = alignedFrom(at + 1, stepMs)) {
    const isClose = at - before < stepMs * LEAST_SHARE;
    const beginsDay = isClose && startOfDay(at) === at;
    // Of two, the beginning of a day stays.
    if (beginsDay && found.at(-1) === before) found.pop();
    if (!isClose || beginsDay) found.push(at);
    before = at;
  }
  return found.filter((instant) => instant >= from);
}

/** The first instant from `instant` on at which a clock shows a multiple of `stepMs`, or at which a day begins. */
function alignedFrom(instant: number, stepMs: number): number {
  const offset = wallOffset(instant);
  const next = ceilTo(instant + offset, stepMs) - offset;
  const change = offsetChange(instant, next);
  if (change === undefined) return next;
  if (startOfDay(change) === change) return change;
  const changed = wallOffset(change);
  return ceilTo(change + changed, stepMs) - changed;
}

function ceilTo(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function* dateMarks(from: number, to: number, { unit, count }: CalendarStep): Generator<number> {
  const date = new Date(from);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  // Months are counted from the year 0, so that steps of several years do not depend on the view.
  const months = 12 * year + month;
  const back = modulo(unit === "day" ? dayNumber(date) - MONDAY : months, count);
  for (let i = -back; ; i += count) {
    const instant =
      unit === "day"
        ? beginOfDate(year, month, day + i)
        : beginOfDate(Math.floor((months + i) / 12), modulo(months + i, 12), 1);
    yield instant;
    if (instant > to) return;
  }
}

function modulo(value: number, by: number): number {
  return value - Math.floor(value / by) * by;
}

/** Days since the Unix epoch, by the local date. */
function dayNumber(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;
}
