/**
 * Ticks of the time navigator: round instants in local time, from minutes to years, with their labels. Knows no canvas.
 */

import { type CalendarStep, monthStep } from "../chart/calendar";
import { marks, markTexts, stepFor, type TimeStep } from "../chart/time_axis";
import { DAY_MS, isSameDay, MINUTE_MS, startOfDay, timeText } from "../local_time";

export interface TickLabel {
  readonly at: number;
  readonly text: string;
}

/** The chart never shows more than a year; a timeline may be as old as it likes. */
const LONG_STEPS = [2, 5, 10, 20, 50].map((years) => monthStep(12 * years));
const YEAR_MS = 366 * DAY_MS;

/** Formats an instant in local time; with the date if it differs from `now`'s, and with the year likewise. */
export function momentLabel(instant: number, now: number): string {
  const time = timeText(instant, "minutes");
  return isSameDay(instant, now) ? time : `${dayLabel(instant, now)} ${time}`;
}

/**
 * Ticks between `from` and `to`, at least `least` milliseconds apart. If none of them falls on a day, the first one
 * names the day.
 */
export function tickLabels(from: number, to: number, least: number, now = to): TickLabel[] {
  const step =
    LONG_STEPS.find(({ leastMs }) => least > YEAR_MS && leastMs >= least) ??
    stepFor(Math.max(MINUTE_MS, least));
  const instants = marks(from, to, step);
  const texts = isDate(step)
    ? instants.map((at) => dateLabel(at, step, now))
    : clockLabels(instants, step, now);
  return instants.map((at, i) => ({ at, text: texts[i] as string }));
}

function clockLabels(instants: readonly number[], step: TimeStep, now: number): string[] {
  const isDay = (at: number) => startOfDay(at) === at;
  const [first] = instants;
  const texts = markTexts(instants, step).map((text, i) => {
    const at = instants[i] as number;
    return isDay(at) && !isSameYear(at, now) ? dayLabel(at, now) : text;
  });
  if (first !== undefined && !instants.some(isDay)) texts[0] = momentLabel(first, now);
  return texts;
}

function dateLabel(at: number, { unit, count }: CalendarStep, now: number): string {
  if (unit === "day") return dayLabel(at, now);
  return timeText(at, count % 12 === 0 ? "year" : "month and year");
}

function isDate(step: TimeStep): step is CalendarStep {
  return typeof step !== "number" && step.unit !== "hour";
}

function dayLabel(instant: number, now: number): string {
  return timeText(instant, isSameYear(instant, now) ? "day" : "date");
}

function isSameYear(one: number, other: number): boolean {
  return new Date(one).getFullYear() === new Date(other).getFullYear();
}
