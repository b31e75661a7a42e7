/**
 * The time axis: round instants in local time that move with the line and fade at both ends instead of popping in and
 * out; and a cache of the marks of a view. Knows instants and widths, no canvas and no data.
 *
 * # Labels
 * A mark at which a day begins names the day. The first mark after clocks have changed names the zone from then on, and
 * so do the marks of an hour that comes twice.
 */

import {
  isRepeated,
  isSameDay,
  MINUTE_MS,
  nextDay,
  offsetChange,
  startOfDay,
  type TimePrecision,
  timeText,
  wallOffset,
  withZone,
  zoneName,
} from "../local_time";
import { CALENDAR_STEPS, type CalendarStep, calendarMarks, clockMarks } from "./calendar";

/** Milliseconds between marks, all of which divide the hour; longer steps are calendar steps. */
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
  return typeof step === "number" ? clockMarks(from, to, step) : calendarMarks(from, to, step);
}

/** Opacity of a mark at `x`, 0 to 1, on an axis from `left` to `right` with fading ends. */
export function fadeOpacity(x: number, left: number, right: number, fade: number): number {
  return Math.max(0, Math.min(1, (x - left) / fade, (right - x) / fade));
}

/**
 * Formats an instant in local time with the precision of the step; at the start of a day or year, the date or year
 * instead.
 */
export function wallTime(instant: number, step: TimeStep): string {
  return timeText(instant, precisionAt(instant, step));
}

function precisionAt(instant: number, step: TimeStep): TimePrecision {
  if (typeof step !== "number" && step.unit === "month")
    return new Date(instant).getMonth() === 0 ? "year" : "month";
  if (isMidnight(instant)) return "day";
  return typeof step === "number" ? clockPrecision(step) : "minutes";
}

function clockPrecision(step: number): TimePrecision {
  if (step >= MINUTE_MS) return "minutes";
  if (step >= 1_000) return "seconds";
  return step >= 100 ? "tenths" : step >= 10 ? "hundredths" : "milliseconds";
}

/** The labels of consecutive marks. */
export function markTexts(instants: readonly number[], step: TimeStep): string[] {
  return instants.map((instant, i) => {
    const text = wallTime(instant, step);
    return isClock(step) ? clockText(text, instant, instants[i - 1] ?? instant, step) : text;
  });
}

function clockText(text: string, instant: number, before: number, step: TimeStep): string {
  const isNewZone = wallOffset(before) !== wallOffset(instant);
  const isAmbiguous = !isBelowMinute(step) && isRepeated(instant);
  if (!isNewZone && !isAmbiguous) return text;
  if (isMidnight(instant)) return withZone(text, instant);
  // There is no room for the seconds as well, and a change is at a full minute.
  const time = timeText(instant, "minutes");
  // Clocks may be set back into the day before.
  return withZone(isSameDay(before, instant) ? time : `${timeText(instant, "day")}, ${time}`, instant);
}

/** Whether the marks are times of day, rather than days or months. */
function isClock(step: TimeStep): boolean {
  return typeof step === "number" || step.unit === "hour";
}

function isBelowMinute(step: TimeStep): boolean {
  return typeof step === "number" && step < MINUTE_MS;
}

/** Formats the time of one sample, to the millisecond if samples are closer than a second; with its day unless it is `today`'s. */
export function sampleTime(instant: number, periodMs: number, today = Date.now()): string {
  const time = timeText(instant, periodMs < 1_000 ? "milliseconds" : "seconds");
  return withZone(isSameDay(instant, today) ? time : `${timeText(instant, "day")}, ${time}`, instant);
}

/** The zone of the marks: that at the left end; for days and months, whose times are not shown, those of both ends. */
export function zoneOf(from: number, to: number, step: TimeStep): string {
  const [first, last] = [zoneName(from), zoneName(to)];
  return isClock(step) || first === last ? first : `${first}/${last}`;
}

/**
 * The date that the marks leave open: the day at the left end unless it is today, or the year if the marks are days.
 */
export function dateOf(from: number, today: number, step: TimeStep): string {
  if (!isClock(step)) return timeText(from, "year");
  return isSameDay(from, today) ? "" : timeText(from, "date");
}

function isMidnight(instant: number): boolean {
  return startOfDay(instant) === instant;
}

/** The marks of a view and their labels, recomputed only when the view has left the range they cover. */
export class TimeMarks {
  instants: readonly number[] = [];
  texts: readonly string[] = [];
  /** The zone at the left end. */
  zone = "";
  /** The day at the left end, unless it is today. */
  date = "";
  #from = Number.NaN;
  #to = Number.NaN;
  #step: TimeStep | undefined;
  /** While the left end is in this range, it keeps its date and its zone. */
  #leftFrom = Number.NaN;
  #leftTo = Number.NaN;

  /** Ensures marks for a view from `from` to `to` in which a mark needs `least` milliseconds of room. */
  cover(from: number, to: number, least: number): void {
    const step = stepFor(least);
    const isCovered = step === this.#step && from >= this.#from && to <= this.#to;
    if (isCovered && from >= this.#leftFrom && from < this.#leftTo) return;
    const ahead = (to - from) * AHEAD;
    this.#from = from - ahead;
    this.#to = to + ahead;
    this.#step = step;
    this.instants = marks(this.#from, this.#to, step);
    this.texts = markTexts(this.instants, step);
    this.zone = zoneOf(from, to, step);
    this.date = dateOf(from, Date.now(), step);
    this.#leftFrom = Math.max(startOfDay(from), offsetChange(this.#from, from) ?? this.#from);
    this.#leftTo = Math.min(nextDay(from), offsetChange(from, this.#to) ?? this.#to);
  }
}
