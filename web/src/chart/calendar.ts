/**
 * Round calendar instants, from hours to years, in the user's time zone: a day may have 23 hours and begin in the
 * middle of an hour of universal time. Knows dates only.
 */

export interface CalendarStep {
  readonly unit: "hour" | "day" | "month";
  readonly count: number;
  /** The shortest possible length of a step, give or take an hour. */
  readonly leastMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Monday, in days since the Unix epoch; weeks are counted from it. */
const MONDAY = 4;

export const CALENDAR_STEPS: readonly CalendarStep[] = [
  ...[1, 2, 3, 6, 12].map((count) => ({ unit: "hour", count, leastMs: count * HOUR_MS }) as const),
  ...[1, 2, 7, 14].map((count) => ({ unit: "day", count, leastMs: count * DAY_MS }) as const),
  ...[1, 2, 3, 6, 12].map((count) => ({ unit: "month", count, leastMs: count * 28 * DAY_MS }) as const),
];

/** Returns the starts of the steps between `from` and `to`. */
export function calendarMarks(from: number, to: number, step: CalendarStep): number[] {
  const found: number[] = [];
  const date = begin(from, step);
  while (date.getTime() <= to) {
    const instant = date.getTime();
    // When clocks go forward, a start may be skipped and the next one reached twice.
    if (instant >= from && instant !== found.at(-1)) found.push(instant);
    advance(date, step);
  }
  return found;
}

function begin(instant: number, { unit, count }: CalendarStep): Date {
  const date = new Date(instant);
  if (unit === "hour") {
    date.setHours(date.getHours() - (date.getHours() % count), 0, 0, 0);
    return date;
  }
  date.setHours(0, 0, 0, 0);
  if (unit === "day") {
    const day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;
    date.setDate(date.getDate() - ((day - MONDAY) % count));
  } else {
    date.setMonth(date.getMonth() - (date.getMonth() % count), 1);
  }
  return date;
}

function advance(date: Date, { unit, count }: CalendarStep): void {
  if (unit === "hour") {
    const before = date.getTime();
    date.setHours(date.getHours() + count);
    // When clocks go forward over this hour, setting it leads back to the same instant.
    if (date.getTime() <= before) date.setTime(before + count * HOUR_MS);
  } else if (unit === "day") date.setDate(date.getDate() + count);
  else date.setMonth(date.getMonth() + count);
}
