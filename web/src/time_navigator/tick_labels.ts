/**
 * Ticks of the time navigator: round instants in local time, from minutes to years, with their labels. Knows no canvas.
 */

export interface TickLabel {
  readonly at: number;
  readonly text: string;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** All steps within a day divide it. */
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE);
const STEPS_DAYS = [1, 2, 5, 10, 30, 60, 180, 365];

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const month = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" });

/** Formats an instant in local time; with the date if it differs from `now`'s, and with the year likewise. */
export function momentLabel(instant: number, now: number): string {
  if (midnight(instant, 0) === midnight(now, 0)) return time.format(instant);
  return `${dayOf(instant, now)} ${time.format(instant)}`;
}

/**
 * Ticks between `from` and `to`, at least `least` milliseconds apart. If none of them falls on a day, the first one
 * names the day.
 */
export function tickLabels(from: number, to: number, least: number, now = to): TickLabel[] {
  const step = STEPS_MS.find((ms) => ms >= least);
  if (step === undefined) return dates(from, to, least / DAY, now);
  const found = times(from, to, step, now);
  const [first, ...others] = found;
  if (first === undefined || found.some(({ at }) => at === midnight(at, 0))) return found;
  return [{ at: first.at, text: momentLabel(first.at, now) }, ...others];
}

function dayOf(instant: number, now: number): string {
  const isThisYear = new Date(instant).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? day : date).format(instant);
}

/** Counted from each midnight, so that ticks are round on days of 23 and 25 hours too. */
function times(from: number, to: number, step: number, now: number): TickLabel[] {
  const found: TickLabel[] = [];
  for (let start = midnight(from, 0); start <= to; start = midnight(start, 1)) {
    const end = Math.min(to, midnight(start, 1) - 1);
    for (let at = start + Math.max(0, Math.ceil((from - start) / step)) * step; at <= end; at += step) {
      found.push({ at, text: at === start ? dayOf(at, now) : time.format(at) });
    }
  }
  return found;
}

function dates(from: number, to: number, leastDays: number, now: number): TickLabel[] {
  const step = STEPS_DAYS.find((days) => days >= leastDays) ?? Math.ceil(leastDays / 365) * 365;
  const words = (at: number) => (step < 30 ? dayOf(at, now) : month.format(at));
  const found: TickLabel[] = [];
  // Counted from a fixed day, so that ticks move with the line instead of jumping.
  const first = Math.ceil(Math.round(midnight(from, 0) / DAY) / step) * step;
  for (let days = first; ; days += step) {
    const at = midnight(days * DAY + DAY / 2, 0);
    if (at > to) return found;
    if (at >= from) found.push({ at, text: words(at) });
  }
}

/** The local midnight `days` days after the one that precedes an instant. */
function midnight(instant: number, days: number): number {
  const date = new Date(instant);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}
