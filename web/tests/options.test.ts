/** The address: what it can ask for, that a mistyped one still shows the line, and that it can be written again. */

import { expect, test } from "vitest";
import { WINDOW_DEFAULT_MS } from "../src/duration";
import { type PageOptions, readOptions, TOPICS_MAX, writeOptions } from "../src/main/options";
import { calm } from "../src/stage/frames";

const nothing: PageOptions = {
  topics: [],
  windowMs: WINDOW_DEFAULT_MS,
  at: undefined,
  theme: undefined,
  isKiosk: false,
  isEmbed: false,
};

const everything: PageOptions = {
  topics: ["ecg", "grid.freq"],
  windowMs: 90_000,
  at: { epoch: "a1b2", seq: 81_234 },
  theme: "dark",
  isKiosk: true,
  isEmbed: true,
};

test("without a query: the default topic, ten seconds, live, the device's theme", () => {
  expect(readOptions("")).toEqual(nothing);
});

test("all that can be asked for is read", () => {
  const query = "?topic=ecg,grid.freq&window=90s&at=a1b2:81234&theme=dark&kiosk=1&embed=1";
  expect(readOptions(query)).toEqual(everything);
});

test("what is written is read again as it was, and is easy on the eye", () => {
  expect(writeOptions(everything)).toBe(
    "?topic=ecg,grid.freq&window=90s&at=a1b2:81234&theme=dark&kiosk=1&embed=1",
  );
  expect(readOptions(writeOptions(everything))).toEqual(everything);
});

test("what goes without saying is not written", () => {
  expect(writeOptions(nothing)).toBe("");
});

test("what the query says besides stays, and what is no longer asked for goes", () => {
  expect(writeOptions(nothing, "?token=s3cret&topic=ecg&at=a1b2:7&kiosk=1")).toBe("?token=s3cret");
});

test("topics are taken once each, without blanks, and not without end", () => {
  expect(readOptions("?topic=ecg,%20flow,,ecg").topics).toEqual(["ecg", "flow"]);
  const many = Array.from({ length: 100 }, (_, i) => `t${i}`).join(",");
  expect(readOptions(`?topic=${many}`).topics).toHaveLength(TOPICS_MAX);
});

test.each([
  ["1500ms", 1_500],
  ["5m", 300_000],
  ["2.5s", 2_500],
  ["20", 20_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  ["1ms", 100],
  ["9999d", 366 * 86_400_000],
  ["soon", WINDOW_DEFAULT_MS],
  ["-5s", WINDOW_DEFAULT_MS],
  ["", WINDOW_DEFAULT_MS],
])("a window of %j is %d ms", (text, ms) => {
  expect(readOptions(`?window=${text}`).windowMs).toBe(ms);
});

test.each([
  [1_500, "1500ms"],
  [30_000, "30s"],
  [90_000, "90s"],
  [300_000, "5m"],
  [5_400_000, "90m"],
  [172_800_000, "2d"],
  [12_345.6, "12346ms"],
])("a window of %d ms is written %j", (windowMs, text) => {
  expect(writeOptions({ ...nothing, windowMs })).toBe(`?window=${text}`);
});

test.each(["", "a1b2", "a1b2:", ":7", "a1b2:-7", "A1B2:7", "a1b2:1e3", "a1b2:99999999999999999999"])(
  "a moment of %j is none",
  (text) => {
    expect(readOptions(`?at=${text}`).at).toBeUndefined();
  },
);

test("an unknown theme is the device's", () => {
  expect(readOptions("?theme=neon").theme).toBeUndefined();
});

test("with little motion all screens step at the same instants, twice a second", () => {
  expect([1_000, 1_499, 1_500].map((playhead) => calm(playhead, true))).toEqual([1_000, 1_000, 1_500]);
  expect(calm(1_499, false)).toBe(1_499);
});
