/**
 * JSON with numbers that a double cannot hold: an identifier of 19 digits, for example. `parseExact` reads any JSON and
 * remembers how such numbers are spelled; `spellingOf` looks a spelling up by the object or array that holds the number;
 * `stringifyExact` writes the numbers as they were spelled.
 *
 * # Cost
 * Text without a long run of digits is left to `JSON.parse`. The time stamps of the protocol have 16 digits and do not
 * count.
 */

/** A run of at least 16 digits, other than a time stamp: shorter numbers survive the way through a double. */
const LONG_RUN = /(?=[\d.])(?<![\d.])(?!(?<="t":)\d{16},)[\d.]{16}/;
/** A string, which is skipped, or a number. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const SHORT = 15;
/** From here on, neighbouring integers share a double. */
const EXACT_MAX = 2 ** 53;
/** Marks a spelling inside a string; random, so that no record contains it. */
const MARK = `${Math.random()}#`;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");

const spellings = new WeakMap<object, Map<string, string>>();

/** Like `JSON.parse`. */
export function parseExact(text: string): unknown {
  if (!LONG_RUN.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKEN, (token) => (isInexact(token) ? `"${MARK}${token}"` : token));
  return JSON.parse(marked, function (this: object, key: string, value: unknown) {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const spelling = value.slice(MARK.length);
    setSpelling(this, key, spelling);
    return Number(spelling);
  });
}

/** How the number under this key is spelled; undefined if its double says it all. */
export function spellingOf(holder: object, key: string | number): string | undefined {
  return spellings.get(holder)?.get(String(key));
}

export function setSpelling(holder: object, key: string | number, spelling: string): void {
  const known = spellings.get(holder) ?? new Map<string, string>();
  spellings.set(holder, known.set(String(key), spelling));
}

/** Like `JSON.stringify`. */
export function stringifyExact(value: unknown): string {
  const text = JSON.stringify(value, function (this: object, key: string, member: unknown) {
    const spelling = spellingOf(this, key);
    return spelling === undefined ? member : `${MARK}${spelling}`;
  });
  return text.replace(MARKED, "$1");
}

/** Whether the double of this number stands for other numbers too, or has other digits. */
function isInexact(token: string): boolean {
  if (token.length <= SHORT || token.startsWith('"')) return false;
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  return Math.abs(value) >= EXACT_MAX || digitsOf(token) !== digitsOf(String(value));
}

/** The significant digits of a number, without sign, point and exponent. */
function digitsOf(number: string): string {
  const [mantissa = ""] = number.split(/[eE]/);
  return mantissa.replace(/[-.]/g, "").replace(/^0+|0+$/g, "");
}
