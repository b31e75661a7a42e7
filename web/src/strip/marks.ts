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
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const month = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" });

/** The wall time of an instant; with the day where that is another than `now`'s, and with the year likewise. */
export function moment(instant: number, now: number): string {
  if (midnight(instant, 0) === midnight(now, 0)) return time.format(instant);
  return `${dayOf(instant, now)} ${time.format(instant)}`;
}

/** Marks from `from` to `to` at least `least` milliseconds apart. Where none of them is a day, the first tells which it is. */
export function marksWithin(from: number, to: number, least: number, now = to): Mark[] {
  const step = STEPS_MS.find((ms) => ms >= least);
  if (step === undefined) return dates(from, to, least / DAY, now);
  const found = times(from, to, step, now);
  const [first, ...others] = found;
  if (first === undefined || found.some(({ at }) => at === midnight(at, 0))) return found;
  return [{ at: first.at, text: moment(first.at, now) }, ...others];
}

function dayOf(instant: number, now: number): string {
  const isThisYear = new Date(instant).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? day : date).format(instant);
}

/** Counted from each midnight, so that they are round on days of 23 and 25 hours too. */
function times(from: number, to: number, step: number, now: number): Mark[] {
  const found: Mark[] = [];
  for (let start = midnight(from, 0); start <= to; start = midnight(start, 1)) {
    const end = Math.min(to, midnight(start, 1) - 1);
    for (let at = start + Math.max(0, Math.ceil((from - start) / step)) * step; at <= end; at += step) {
      found.push({ at, text: at === start ? dayOf(at, now) : time.format(at) });
    }
  }
  return found;
}

function dates(from: number, to: number, leastDays: number, now: number): Mark[] {
  const step = STEPS_DAYS.find((days) => days >= leastDays) ?? Math.ceil(leastDays / 365) * 365;
  const words = (at: number) => (step < 30 ? dayOf(at, now) : month.format(at));
  const found: Mark[] = [];
  // Counted from a fixed day, so that marks travel with the line and do not change places.
  const first = Math.ceil(Math.round(midnight(from, 0) / DAY) / step) * step;
  for (let days = first; ; days += step) {
    const at = midnight(days * DAY + DAY / 2, 0);
    if (at > to) return found;
    if (at >= from) found.push({ at, text: words(at) });
  }
}

/** The local midnight before an instant, so many days on. */
function midnight(instant: number, days: number): number {
  const date = new Date(instant);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}
