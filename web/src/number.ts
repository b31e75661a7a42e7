/**
 * Number formatting in the user's locale, with a fixed number of decimals per value so that digits line up. Values that
 * would show only zeros use scientific notation. Knows nothing of elements.
 */

/** More decimals than this are noise on a screen. */
const DECIMALS_MAX = 6;
/** Below this, six decimals would show next to nothing. */
const PLAIN_MIN = 1e-5;
/** From this on, digits can no longer be counted at a glance. */
const PLAIN_MAX = 1e15;
/** On an axis with tiny steps, values above this still have significant digits to show in plain notation. */
const TINY = 1e-3;
/** Decimals of the mantissa in scientific notation. */
const POWER_DECIMALS = 3;

const plains: Intl.NumberFormat[] = [];
const powers: Intl.NumberFormat[] = [];

export class SteadyNumberFormat {
  #decimals = 0;
  #largest = 0;

  format(value: number): string {
    const size = Math.abs(value);
    this.#largest = Math.max(this.#largest, size);
    if (size >= PLAIN_MAX || this.#largest < PLAIN_MIN) return powerText(value, POWER_DECIMALS);
    this.#decimals = Math.max(this.#decimals, Math.min(DECIMALS_MAX, decimalsOf(value)));
    return plainText(value, this.#decimals);
  }
}

/** Formats an axis value where ticks are `step` apart: all ticks get the decimals of the step. */
export function axisText(value: number, step: number): string {
  const size = Math.abs(value);
  const isHuge = size >= PLAIN_MAX || step >= PLAIN_MAX / 10;
  const isTiny = size < TINY && step < PLAIN_MIN;
  const decimals = -exponentOf(step);
  if (isHuge || isTiny) return powerText(value, Math.max(0, exponentOf(size) + decimals));
  return plainText(value, Math.min(DECIMALS_MAX, Math.max(0, decimals)));
}

function plainText(value: number, decimals: number): string {
  plains[decimals] ??= formatOf(decimals, "standard");
  return withMinus(plains[decimals].format(value));
}

/** `1.5E−9`. */
function powerText(value: number, decimals: number): string {
  if (value === 0) return plainText(value, 0);
  powers[decimals] ??= formatOf(decimals, "scientific");
  return withMinus(powers[decimals].format(value));
}

function formatOf(decimals: number, notation: "standard" | "scientific"): Intl.NumberFormat {
  return new Intl.NumberFormat(undefined, {
    notation,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** The decimal exponent. A hair below a power of ten counts as that power, because of rounding. */
function exponentOf(size: number): number {
  return Math.floor(Math.log10(size) + 1e-9);
}

function decimalsOf(value: number): number {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
}

/** Replaces hyphens by minus signs: a hyphen is narrower than a digit, a minus sign is as wide as a plus. */
function withMinus(text: string): string {
  return text.replaceAll("-", "\u2212");
}
