/** Round instants along the strip in local wall time, from minutes to years, and their words. Knows no canvas. */

export interface Mark {
  readonly at: number;
  readonly text: string;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Steps within a day all divide it. */
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE);
const STEPS_DAYS = [1, 2, 5, 10, 30, 60, 180, 365];

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const month = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" });

/** The wall time of an instant; where it is another day than `now`, with the date. */
export function moment(instant: number, now: number): string {
  const isToday = midnight(instant, 0) === midnight(now, 0);
  return isToday ? time.format(instant) : `${day.format(instant)} ${time.format(instant)}`;
}

/** Marks from `from` to `to` at least `least` milliseconds apart. */
export function marksWithin(from: number, to: number, least: number): Mark[] {
  const step = STEPS_MS.find((ms) => ms >= least);
  return step === undefined ? dates(from, to, least / DAY) : times(from, to, step);
}

/** Counted from each midnight, so that they are round on days of 23 and 25 hours too. */
function times(from: number, to: number, step: number): Mark[] {
  const found: Mark[] = [];
  for (let start = midnight(from, 0); start <= to; start = midnight(start, 1)) {
    const end = Math.min(to, midnight(start, 1) - 1);
    for (let at = start + Math.max(0, Math.ceil((from - start) / step)) * step; at <= end; at += step) {
      found.push({ at, text: (at === start ? day : time).format(at) });
    }
  }
  return found;
}

function dates(from: number, to: number, leastDays: number): Mark[] {
  const step = STEPS_DAYS.find((days) => days >= leastDays) ?? Math.ceil(leastDays / 365) * 365;
  const format = step < 30 ? day : month;
  const found: Mark[] = [];
  // Counted from a fixed day, so that marks travel with the line and do not change places.
  const first = Math.ceil(Math.round(midnight(from, 0) / DAY) / step) * step;
  for (let days = first; ; days += step) {
    const at = midnight(days * DAY + DAY / 2, 0);
    if (at > to) return found;
    if (at >= from) found.push({ at, text: format.format(at) });
  }
}

/** The local midnight before an instant, so many days on. */
function midnight(instant: number, days: number): number {
  const date = new Date(instant);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}
