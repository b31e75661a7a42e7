/** Caches the time marks and their labels; they are recomputed only when the view has left the range they cover. */

import { dateOf, marks, startOfDay, stepFor, type TimeStep, wallTime, zoneOf } from "./time_axis";

/** How far beyond each end of the view marks are computed, as a share of the view. */
const AHEAD = 0.5;

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
