/**
 * Which values of a record are numbers, also when they are spelled as text, which are arrays of numbers, and which are
 * states such as `"running"` or `false`. Twin: `src/source/extremes/number_text.rs`.
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

/** Whether a value is an array of numbers, of which some may be null. */
export function isNumberList(value: Json | undefined): value is (number | null)[] {
  return (
    Array.isArray(value) &&
    value.some((one) => typeof one === "number") &&
    value.every((one) => typeof one === "number" || one === null)
  );
}

/** The number of a value, or NaN if it has none. One that overflows parses as infinite, which cannot be drawn. */
export function numberOf(value: Json | undefined): number {
  const number = isNumber(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : Number.NaN;
}

export type StateValue = string | boolean;

/** A band of more states than this is noise: the field is a text, and so is one with a value longer than this. */
const STATES_MAX = 32;
const LENGTH_MAX = 32;
/** Further values share one code, so that texts that never repeat do not exhaust memory. */
const KEPT_MAX = 1_024;

/** Whether a value is a state or a text. An empty one is what tools make of a missing value. */
export function isStateValue(value: Json | undefined): value is StateValue {
  return typeof value === "boolean" || (typeof value === "string" && value.trim() !== "");
}

/** The different values of a field of states: each has a code, by which samples refer to it. */
export class StateValues {
  readonly #codes = new Map<StateValue, number>();
  readonly #values: StateValue[] = [];
  #areLong = false;

  /** Whether the values are too many or too long to be shown as states. Once they are, they remain it. */
  get areTexts(): boolean {
    return this.#areLong || this.#values.length > STATES_MAX;
  }

  /** The code of a value, in the order of first appearance. */
  codeOf(value: StateValue): number {
    const known = this.#codes.get(value);
    if (known !== undefined) return known;
    this.#areLong ||= typeof value === "string" && value.length > LENGTH_MAX;
    const code = this.#values.length;
    if (code === KEPT_MAX) return code;
    this.#codes.set(value, code);
    this.#values.push(value);
    return code;
  }

  /** The value with this code; undefined for the code that the further values share. */
  valueOf(code: number): StateValue | undefined {
    return this.#values[code];
  }
}
