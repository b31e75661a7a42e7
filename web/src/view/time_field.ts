/**
 * The text of the field "Go to time", in both directions. A text field rather than the browser's own date field, which
 * shows dates and clocks in the browser's language and habits, whatever those of the page are.
 *
 * It takes a date and a time, or a time of the day that is shown; a zone or an offset may follow.
 */

import { beginOfDate, DAY_MS, MINUTE_MS, nextDay, SECOND_MS, wallOffset } from "../local_time";

/** Why a text is not an instant. */
export type TimeFieldProblem =
  | "malformed"
  /** Clocks skip this time on that day. */
  | "skipped";

export type TimeFieldValue = { readonly at: number } | TimeFieldProblem;

const PATTERN =
  /^(?:(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ,]+|$))?(?:(\d{1,2}):(\d\d)(?::(\d\d(?:[.,]\d{1,6})?))?)?\s*(Z|UTC|GMT)?([+-]\d{1,2}(?::?\d\d)?)?$/i;

/** `2026-05-03 12:30:15`, local time. */
export function fieldText(instant: number): string {
  return new Date(Math.floor(instant) + wallOffset(instant)).toISOString().slice(0, 19).replace("T", " ");
}

/** Reads the field; a time without a date is of the day of `shown`. */
export function readField(text: string, shown: number): TimeFieldValue {
  const fields = PATTERN.exec(text.trim());
  if (fields === null || (fields[1] === undefined && fields[4] === undefined)) return "malformed";
  const [, , , , hour = "0", minute = "0", second = "0", utc, offset] = fields;
  const date = dateOf(fields, shown);
  const time = Number(hour) * 60 + Number(minute);
  const seconds = Number(second.replace(",", "."));
  if (date === undefined || Number(hour) > 23 || Number(minute) > 59 || seconds >= 60) return "malformed";
  const wall = date + time * MINUTE_MS + seconds * SECOND_MS;
  if (utc === undefined && offset === undefined) return fromWall(wall);
  const minutes = offsetMinutes(offset);
  return minutes === undefined ? "malformed" : { at: wall - minutes * MINUTE_MS };
}

/** Midnight of the date as if it were UTC; undefined if there is no such date. */
function dateOf([, year, month, day]: readonly (string | undefined)[], shown: number): number | undefined {
  if (year === undefined) return Math.floor((shown + wallOffset(shown)) / DAY_MS) * DAY_MS;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(midnight);
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) ? midnight : undefined;
}

/** The instant at which a clock first shows this time, which is given as if it were UTC. */
function fromWall(wall: number): TimeFieldValue {
  const date = new Date(wall);
  const begin = beginOfDate(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  // On a day on which clocks change there are two offsets; the earlier instant comes first.
  for (const offset of [wallOffset(begin), wallOffset(nextDay(begin))]) {
    const at = wall - offset;
    if (wallOffset(at) === offset) return { at };
  }
  return "skipped";
}

function offsetMinutes(text = "+0"): number | undefined {
  const [, sign = "+", hours = "0", minutes = "0"] = /^([+-])(\d{1,2}):?(\d\d)?$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  return total > 14 * 60 || Number(minutes) > 59 ? undefined : sign === "-" ? -total : total;
}
