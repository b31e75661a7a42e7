/**
 * The time axis: round instants in local time that move with the line and fade at both ends instead of popping in and
 * out; and a cache of the marks of a view. Knows instants and widths, no canvas and no data.
 */

import { CALENDAR_STEPS, type CalendarStep, calendarMarks } from "./calendar";

/**
 * Milliseconds between marks, all of which divide the hour so that marks fall on round local times; longer steps are
 * calendar steps.
 */
export type TimeStep = number | CalendarStep;

/** How far beyond each end of the view marks are computed, as a share of the view. */
const AHEAD = 0.5;

const STEPS_MS = [
  5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000,
];

/** The smallest known step that leaves at least `least` milliseconds between marks. */
export function stepFor(least: number): TimeStep {
  for (const step of STEPS_MS) if (step >= least) return step;
  for (const step of CALENDAR_STEPS) if (step.leastMs >= least) return step;
  return CALENDAR_STEPS.at(-1) as CalendarStep;
}

/** The round instants between `from` and `to`. */
export function marks(from: number, to: number, step: TimeStep): number[] {
  if (typeof step !== "number") return calendarMarks(from, to, step);
  const found: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) found.push(time);
  return found;
}

/** Opacity of a mark at `x`, 0 to 1, on an axis from `left` to `right` with fading ends. */
export function fadeOpacity(x: number, left: number, right: number, fade: number): number {
  return Math.max(0, Math.min(1, (x - left) / fade, (right - x) / fade));
}

const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const precise = { ...clock, second: "2-digit" } as const;
const minutes = new Intl.DateTimeFormat(undefined, clock);
const seconds = new Intl.DateTimeFormat(undefined, precise);
const fractions = ([1, 2, 3] as const).map(
  (fractionalSecondDigits) => new Intl.DateTimeFormat(undefined, { ...precise, fractionalSecondDigits }),
);
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const months = new Intl.DateTimeFormat(undefined, { month: "short" });
const years = new Intl.DateTimeFormat(undefined, { year: "numeric" });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const spans = new Intl.DateTimeFormat(undefined, {
  ...precise,
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZoneName: "short",
});
const zones = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });

/**
 * Formats an instant in local time with the precision of the step; at the start of a day or year, the date or year
 * instead.
 */
export function wallTime(instant: number, step: TimeStep): string {
  if (typeof step === "number") {
    if (step >= 60_000) return (isMidnight(instant) ? days : minutes).format(instant);
    if (step >= 1_000) return seconds.format(instant);
    return (fractions[step >= 100 ? 0 : step >= 10 ? 1 : 2] ?? seconds).format(instant);
  }
  if (step.unit === "hour") return (isMidnight(instant) ? days : minutes).format(instant);
  if (step.unit === "day") return days.format(instant);
  return (new Date(instant).getMonth() === 0 ? years : months).format(instant);
}

/** Formats the time of one sample, to the millisecond if samples are closer than a second. */
export function sampleTime(instant: number, periodMs: number): string {
  return (periodMs < 1_000 ? (fractions[2] ?? seconds) : seconds).format(instant);
}

/** Formats a time range in full, for readers of a saved picture. */
export function rangeText(from: number, to: number): string {
  return spans.formatRange(from, to);
}

/** The time zone's short name. */
export function zoneOf(instant: number): string {
  return zones.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/**
 * The date that the marks leave open: the day at the left end unless it is today, or the year if the marks are days.
 */
export function dateOf(from: number, today: number, step: TimeStep): string {
  if (typeof step !== "number" && step.unit !== "hour") return years.format(from);
  return startOfDay(from) === startOfDay(today) ? "" : dates.format(from);
}

export function startOfDay(instant: number): number {
  return new Date(instant).setHours(0, 0, 0, 0);
}

function isMidnight(instant: number): boolean {
  return startOfDay(instant) === instant;
}

/** The marks of a view and their labels, recomputed only when the view has left the range they cover. */
export class TimeMarks {
  instants: readonly number[] = [];
  texts: readonly string[] = [];
  zone = "";
  /** The day at the left end, unless it is today. */
  date = "";
  #from = Number.NaN;
  #to = Number.NaN;
  #step: TimeStep | undefined;
  #dateFrom = Number.NaN;
  #dateTo = Number.NaN;

  /** Ensures marks for a view from `from` to `to` in which a mark needs `least` milliseconds of room. */
  cover(from: number, to: number, least: number): void {
    const step = stepFor(least);
    const isCovered = step === this.#step && from >= this.#from && to <= this.#to;
    if (isCovered && from >= this.#dateFrom && from < this.#dateTo) return;
    const ahead = (to - from) * AHEAD;
    this.#from = from - ahead;
    this.#to = to + ahead;
    this.#step = step;
    this.instants = marks(this.#from, this.#to, step);
    this.texts = this.instants.map((instant) => wallTime(instant, step));
    this.zone = zoneOf(to);
    this.date = dateOf(from, Date.now(), step);
    this.#dateFrom = startOfDay(from);
    this.#dateTo = nextDay(from);
  }
}

function nextDay(instant: number): number {
  const date = new Date(startOfDay(instant));
  return date.setDate(date.getDate() + 1);
}
