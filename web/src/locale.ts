/**
 * The locale of everything that the page formats. Its words are English, so its dates and numbers are English too, with
 * a decimal point: never another language, calendar or set of digits. Only the order of day and month follows the user's
 * region. Clocks count 24 hours, as the time axis does.
 */

/** Where the month comes first in English: the United States and what belongs to them. */
const MONTH_FIRST: readonly string[] = ["US", "AS", "GU", "MP", "PR", "UM", "VI"];

export const LOCALE = englishLocale(new Intl.DateTimeFormat().resolvedOptions().locale);

/** English for the region of `preferred`, a language tag. */
export function englishLocale(preferred: string): string {
  const { region = "" } = new Intl.Locale(preferred).maximize();
  return `en-${MONTH_FIRST.includes(region) ? "US" : "GB"}-u-ca-gregory-hc-h23-nu-latn`;
}
