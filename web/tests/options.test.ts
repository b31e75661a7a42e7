/** The address: what it can ask for, and that a mistyped one still shows the line. */

import { expect, test } from "vitest";
import { calm } from "../src/main/frames";
import { readOptions, WINDOW_DEFAULT_MS } from "../src/main/options";

test("without a query: the default topic, ten seconds, the device's theme", () => {
  expect(readOptions("")).toEqual({ topic: undefined, windowMs: 10_000, theme: undefined });
});

test("topic, window and theme are read", () => {
  expect(readOptions("?topic=ecg&window=30s&theme=dark")).toEqual({
    topic: "ecg",
    windowMs: 30_000,
    theme: "dark",
  });
});

test.each([
  ["1500ms", 1_500],
  ["5m", 300_000],
  ["2.5s", 2_500],
  ["20", 20_000],
  ["1h", 3_600_000],
  ["1ms", 1_000],
  ["9h", 3_600_000],
  ["soon", WINDOW_DEFAULT_MS],
  ["-5s", WINDOW_DEFAULT_MS],
  ["", WINDOW_DEFAULT_MS],
])("a window of %j is %d ms", (text, ms) => {
  expect(readOptions(`?window=${text}`).windowMs).toBe(ms);
});

test("an unknown theme is the device's", () => {
  expect(readOptions("?theme=neon").theme).toBeUndefined();
});

test("with little motion all screens step at the same instants, twice a second", () => {
  expect([1_000, 1_499, 1_500].map((playhead) => calm(playhead, true))).toEqual([1_000, 1_000, 1_500]);
  expect(calm(1_499, false)).toBe(1_499);
});
