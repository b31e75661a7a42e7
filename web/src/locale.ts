/**
 * The locale of everything that the page formats. Its words are English, so its dates and numbers are English too: with
 * the customs of the user's region as far as English has them (23 Nov in Germany, Nov 23 in the United States), but
 * never with another language, calendar or set of digits. Clocks count 24 hours, as the time axis does.
 */

export const LOCALE = englishLocale(new Intl.DateTimeFormat().resolvedOptions().locale);

/** English as it is written in the region of `preferred`, a language tag. */
export function englishLocale(preferred: string): string {
  const { region } = new Intl.Locale(preferred).maximize();
  return `en${region === undefined ? "" : `-${region}`}-u-ca-gregory-hc-h23-nu-latn`;
}
