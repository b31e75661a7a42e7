/**
 * Number formatting. A value is shown with all digits of the data, however many; values of one series get the same
 * number of decimals, so that digits line up. Very small and very large values use scientific notation. Knows nothing of
 * elements.
 *
 * # One language
 * Groups are separated by commas and decimals by a point, as in the English texts around them.
 */

/** Below this, leading zeros can no longer be counted at a glance. */
const PLAIN_MIN = 1e-6;
/** From here on a double does not stand for one integer; an integer that is written out has a spelling. */
const PLAIN_MAX = 2 ** 53;
/** On an axis, from this on, digits can no longer be counted at a glance. */
const AXIS_PLAIN_MAX = 1e15;
/** On an axis with steps below `STEP_TINY`, values above `TINY` still have significant digits to show in plain notation. */
const TINY = 1e-3;
const STEP_TINY = 1e-5;
/** The most that `toFixed` and `toExponential` accept. */
const DECIMALS_MAX = 100;

export class SteadyNumberFormat {
  #decimals = 0;
  /** Decimals of the mantissa in scientific notation. */
  #mantissaDecimals = 0;

  /** Formats a value; `spelling` is how the data write it, if a double does not hold it. */
  format(value: number, spelling?: string): string {
    if (spelling !== undefined) return withMinus(spelling);
    const size = Math.abs(value);
    if (size !== 0 && (size < PLAIN_MIN || size >= PLAIN_MAX)) {
      // Without an argument: as many digits as it takes.
      const [mantissa = ""] = value.toExponential().split("e");
      this.#mantissaDecimals = Math.max(this.#mantissaDecimals, decimalsOf(mantissa));
      return powerText(value, this.#mantissaDecimals);
    }
    const text = String(value);
    this.#decimals = Math.max(this.#decimals, decimalsOf(text));
    return plainText(padded(text, this.#decimals));
  }
}

/** Formats an axis value where ticks are `step` apart: all ticks get the decimals of the step. */
export function axisText(value: number, step: number): string {
  const size = Math.abs(value);
  const isHuge = size >= AXIS_PLAIN_MAX || step >= AXIS_PLAIN_MAX / 10;
  const isTiny = size < TINY && step < STEP_TINY;
  const decimals = -exponentOf(step);
  if (isHuge || isTiny) return powerText(value, bounded(exponentOf(size) + decimals));
  return plainText(value.toFixed(bounded(decimals)));
}

/** Separates groups of three digits: `−1,234.5678`. */
function plainText(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return withMinus(fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

/** `1.5E−9`. */
function powerText(value: number, decimals: number): string {
  if (value === 0) return "0";
  return withMinus(value.toExponential(decimals).replace(/e\+?/, "E"));
}

/** Adds zeros up to this number of decimals. Not by `toFixed`, which shows the binary value of a double. */
function padded(text: string, decimals: number): string {
  const missing = decimals - decimalsOf(text);
  if (missing === 0) return text;
  return `${text}${text.includes(".") ? "" : "."}${"0".repeat(missing)}`;
}

/** The decimal exponent. A hair below a power of ten counts as that power, because of rounding. */
function exponentOf(size: number): number {
  return Math.floor(Math.log10(size) + 1e-9);
}

function bounded(decimals: number): number {
  return Math.min(DECIMALS_MAX, Math.max(0, decimals));
}

function decimalsOf(text: string): number {
  return text.split(".")[1]?.length ?? 0;
}

/** Replaces hyphens by minus signs: a hyphen is narrower than a digit, a minus sign is as wide as a plus. */
function withMinus(text: string): string {
  return text.replaceAll("-", "\u2212");
}
