/** One language, one calendar and one clock on the page, whatever the user's are. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { englishLocale } from "../src/locale";

const SOURCE = join(import.meta.dirname, "../src");
const NOON = Date.UTC(2026, 10, 23, 13, 5, 9);

test.each([
  "de-DE",
  "ar-EG",
  "fa-IR",
  "hi-IN",
  "th-TH",
  "ja-JP-u-ca-japanese",
  "en-US",
  "en-GB",
  "my",
  "und",
])(
  "for %s everything is in English, with Western digits, the Gregorian calendar and 24 hours",
  (preferred) => {
    const locale = englishLocale(preferred);
    const time = new Intl.DateTimeFormat(locale, {
      dateStyle: "medium",
      timeStyle: "medium",
      timeZone: "UTC",
    });
    expect(time.format(NOON)).toMatch(/^(23 Nov 2026|Nov 23, 2026), 13:05:09$/);
    const seconds = { style: "unit", unit: "second", unitDisplay: "long" } as const;
    expect(new Intl.NumberFormat(locale, seconds).format(10)).toBe("10 seconds");
    expect(new Intl.NumberFormat(locale).format(1_234.5)).toBe("1,234.5");
  },
);

test("dates follow the customs of the user's region", () => {
  const day = (preferred: string) =>
    new Intl.DateTimeFormat(englishLocale(preferred), {
      day: "numeric",
      month: "short",
      timeZone: "UTC",
    }).format(NOON);
  expect(["de-DE", "en-GB", "en-US"].map(day)).toEqual(["23 Nov", "23 Nov", "Nov 23"]);
});

test("every formatter of the page uses this locale", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const others = files.flatMap((file) =>
    [
      ...readFileSync(join(SOURCE, file), "utf8").matchAll(
        /(?:new Intl\.\w+Format|\.toLocale\w*String)\((?!LOCALE\b)/g,
      ),
    ]
      .map(([text]) => `${file}: ${text}`)
      .filter(() => file !== "locale.ts"),
  );
  expect(others).toEqual([]);
});
