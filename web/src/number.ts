/**
 * Numbers as a reader expects them: grouped and separated as in the reader's language, with as many
 * decimals as the data have, always equally many, so that digits stay under digits. Knows no element.
 */

/** More decimals than that are noise on a screen. */
const DECIMALS_MAX = 6;
/** By decimals. */
const axes: Intl.NumberFormat[] = [];

export class SteadyNumber {
  #decimals = 0;
  #format = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

  text(value: number): string {
    const decimals = Math.min(DECIMALS_MAX, decimalsOf(value));
    if (decimals > this.#decimals) {
      this.#decimals = decimals;
      this.#format = new Intl.NumberFormat(undefined, {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
    }
    return withMinus(this.#format.format(value));
  }
}

/** A value of an axis whose values are `step` apart: all of them have the decimals of the step. */
export function axisText(value: number, step: number): string {
  // A hair above a power of ten is that power.
  const decimals = Math.min(DECIMALS_MAX, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  axes[decimals] ??= new Intl.NumberFormat(undefined, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return withMinus(axes[decimals].format(value));
}

function decimalsOf(value: number): number {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
}

/** A hyphen is narrower than a digit; the minus sign is as wide as the plus and sits at its height. */
function withMinus(text: string): string {
  return text.replace("-", "\u2212");
}
