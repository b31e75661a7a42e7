/**
 * Numbers as a reader expects them: grouped and separated as in the reader's language, with as many
 * decimals as the data have, always equally many, so that digits stay under digits. What would be all
 * noughts is written with a power of ten. Knows no element.
 */

/** More decimals than that are noise on a screen. */
const DECIMALS_MAX = 6;
/** Smaller than this, the decimals would show next to nothing. */
const PLAIN_MIN = 1e-5;
/** From this on, nobody counts the digits. */
const PLAIN_MAX = 1e15;
/** A value that is larger than this on an axis of tiny steps has digits of its own to show. */
const TINY = 1e-3;
/** Decimals before a power of ten. */
const POWER_DECIMALS = 3;

const plains: Intl.NumberFormat[] = [];
const powers: Intl.NumberFormat[] = [];

export class SteadyNumber {
  #decimals = 0;
  #largest = 0;

  text(value: number): string {
    const size = Math.abs(value);
    this.#largest = Math.max(this.#largest, size);
    if (size >= PLAIN_MAX || this.#largest < PLAIN_MIN) return powerText(value, POWER_DECIMALS);
    this.#decimals = Math.max(this.#decimals, Math.min(DECIMALS_MAX, decimalsOf(value)));
    return plainText(value, this.#decimals);
  }
}

/** A value of an axis whose values are `step` apart: all of them have the decimals of the step. */
export function axisText(value: number, step: number): string {
  const size = Math.abs(value);
  const isHuge = size >= PLAIN_MAX || step >= PLAIN_MAX / 10;
  const isTiny = size < TINY && step < PLAIN_MIN;
  const decimals = -powerOf(step);
  if (isHuge || isTiny) return powerText(value, Math.max(0, powerOf(size) + decimals));
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

/** Of ten, that makes the number's first digit. A hair below a power of ten is that power. */
function powerOf(size: number): number {
  return Math.floor(Math.log10(size) + 1e-9);
}

function decimalsOf(value: number): number {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
}

/** A hyphen is narrower than a digit; the minus sign is as wide as the plus and sits at its height. */
function withMinus(text: string): string {
  return text.replaceAll("-", "\u2212");
}
