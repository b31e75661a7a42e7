/**
 * What the values of a record are to the page: which are numbers, also when they are spelled as text. Twin:
 * `src/source/extremes/number_text.rs`.
 */

import type { Json } from "../client/protocol";

/**
 * A text is a number if it is spelled like a JSON number; a plus sign and spaces around it are allowed. So `007` and
 * `1,5` stay texts: the one is a code, and what the other means depends on the country.
 */
const NUMBER_TEXT = /^ *[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)? *$/;

/** Whether a value is a number, drawable or not, or a text that holds one. */
export function isNumber(value: Json | undefined): value is number | string {
  return typeof value === "number" || (typeof value === "string" && NUMBER_TEXT.test(value));
}

/** The number of a value, or NaN if it has none. One that overflows parses as infinite, which cannot be drawn. */
export function numberOf(value: Json | undefined): number {
  const number = isNumber(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : Number.NaN;
}
