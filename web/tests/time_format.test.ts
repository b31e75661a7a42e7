/** Formatting of durations and instants. */

import { expect, test, vi } from "vitest";
import {
  delayText,
  errorText,
  momentText,
  sinceText,
  spanText,
  spokenSpan,
  windowText,
} from "../src/view/time_format";

// Set before anything is formatted.
vi.hoisted(() => {
  process.env.TZ = "UTC";
});

test.each([
  [0, "0.0 s"],
  [12_399, "12.3 s"],
  [59_999, "59.9 s"],
  [60_000, "1:00 min"],
  [3_599_999, "59:59 min"],
  [7_507_000, "2:05:07 h"],
  [273_600_000, "3 d 4 h"],
  [396 * 86_400_000, "1 y 31 d"],
])("%d ms is a span of %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test.each([
  [0.52, "0.5 ms"],
  [383.4, "383 ms"],
  [1_234, "1.2 s"],
])("%d ms is a delay of %s", (ms, text) => {
  expect(delayText(ms)).toBe(text);
});

test("an error bound is never zero", () => {
  expect(errorText(0)).toBe("±0.1 ms");
  expect(errorText(2.34)).toBe("±2.3 ms");
});

test.each([
  [500, "500 ms", "500 milliseconds"],
  [1_500, "1.5 s", "1.5 seconds"],
  [10_000, "10 s", "10 seconds"],
  [12_345, "12.3 s", "12.3 seconds"],
  [300_000, "5 min", "5 minutes"],
  [5_400_000, "1.5 h", "1.5 hours"],
  [86_400_000, "1 d", "1 day"],
])("a window of %d ms is %s, or %s", (ms, short, long) => {
  expect(windowText(ms)).toBe(short.replace(" ", "\u00a0"));
  expect(windowText(ms, "long")).toBe(long);
});

test("an instant is formatted to the millisecond, with its date if it is not today", () => {
  const noon = new Date(2026, 4, 3, 12, 30, 15, 7).getTime();
  expect(momentText(noon, noon)).toBe("12:30:15.007 UTC");
  expect(momentText(noon, noon + 86_400_000)).toBe("May 3, 2026, 12:30:15.007 UTC");
  expect(sinceText(noon, noon)).toBe("12:30:15 UTC");
  expect(sinceText(noon, noon + 86_400_000)).toBe("May 3, 2026, 12:30:15 UTC");
});

test.each([
  [0, "0 seconds"],
  [1_000, "1 second"],
  [5_230, "5.2 seconds"],
  [12_399, "12 seconds"],
  [83_000, "1 minute 23 seconds"],
  [120_000, "2 minutes"],
  [7_507_000, "2 hours 5 minutes"],
  [273_600_000, "3 days 4 hours"],
])("%d ms are spoken as %j", (ms, words) => {
  expect(spokenSpan(ms)).toBe(words);
});
