/** The texts of the view for each state. The elements themselves are covered by the browser tests. */

import { expect, test } from "vitest";
import { SteadyNumberFormat } from "../src/number";
import type { Badge, Notice } from "../src/page";
import { badgeText, isBehind } from "../src/view/badge";
import { copyAndAnnounce } from "../src/view/feedback";
import { aheadText, audienceText, offsetText } from "../src/view/footer";
import { labelsOf, thresholdWord, valueText } from "../src/view/legend";
import { noticeText } from "../src/view/notice";
import { roundedMean } from "../src/view/statistics_dialog";
import { summaryOf } from "../src/view/summary";
import { toggled, topicsText } from "../src/view/topic_picker";
import { entry, viewState } from "./view_state";

test.each<[Badge, string]>([
  [{ kind: "live" }, "Live"],
  [{ kind: "behind", behindMs: 12_345 }, "Behind −12.3 s"],
  [{ kind: "paused", behindMs: 83_000 }, "Paused −1:23 min"],
  [{ kind: "behind", behindMs: -20 }, "Behind −0.0 s"],
  [{ kind: "reconnecting", retryInMs: 2_100 }, "Reconnecting in 3 s"],
  [{ kind: "reconnecting", retryInMs: 600 }, "Reconnecting"],
  [{ kind: "offline", retryInMs: 2_100 }, "Offline"],
  [{ kind: "ended" }, "Ended"],
  [{ kind: "connecting" }, "Connecting…"],
  [{ kind: "draining" }, "Draining"],
  [{ kind: "stopped" }, "Not available"],
])("the badge for %j reads %j", (badge, words) => {
  const { state, behind, countdown } = badgeText(badge);
  expect([state, behind, countdown].filter(Boolean).join(" ")).toBe(words);
});

test("only a view that is behind can jump to live", () => {
  expect(isBehind({ kind: "paused", behindMs: 1 })).toBe(true);
  expect(isBehind({ kind: "behind", behindMs: 1 })).toBe(true);
  expect(isBehind({ kind: "live" })).toBe(false);
  expect(isBehind({ kind: "ended" })).toBe(false);
});

test("the audience says how closely its screens agree, and for how many that is known", () => {
  const text = (viewers: number, reporting: number) => audienceText({ viewers, reporting, boundMs: 2.2 });
  expect(text(30, 30)).toBe("30 viewers, 99 % within ±2.2 ms");
  expect(text(30, 12)).toBe("30 viewers; of the 12 that report, 99 % within ±2.2 ms");
  expect(text(1, 1)).toBe("1 viewer, within ±2.2 ms");
});

test("a series is labelled by its field, and by its topic if that is ambiguous", () => {
  expect(labelsOf([entry("ecg", "mlii"), entry("flow", "rate")])).toEqual(["mlii", "rate"]);
  expect(labelsOf([entry("ecg", "value"), entry("flow", "value")])).toEqual(["ecg value", "flow value"]);
});

test("a series of plain numbers is labelled by its topic", () => {
  expect(labelsOf([entry("ecg"), entry("flow")])).toEqual(["ecg", "flow"]);
});

test("a missing value is a dash", () => {
  const number = new SteadyNumberFormat();
  expect(valueText(number, undefined)).toBe("–");
  expect(valueText(number, { value: Number.NaN })).toBe("–");
  expect(valueText(number, { value: -2 })).toBe("−2");
});

test("the header names up to two topics and counts further ones", () => {
  expect(topicsText([])).toBe("default topic");
  expect(topicsText(["ecg"])).toBe("ecg");
  expect(topicsText(["ecg", "flow"])).toBe("ecg + flow");
  expect(topicsText(["ecg", "flow", "power"])).toBe("ecg + 2");
});

test("topics are added at the end and can be removed, except the last", () => {
  expect(toggled(["ecg"], "flow")).toEqual(["ecg", "flow"]);
  expect(toggled(["ecg", "flow"], "ecg")).toEqual(["flow"]);
  expect(toggled(["ecg"], "ecg")).toEqual(["ecg"]);
});

test("a device's clock is slow or fast, and records come early or late", () => {
  expect(offsetText(1_234)).toBe("1.2 s slow");
  expect(offsetText(-20)).toBe("20 ms fast");
  expect(aheadText(383)).toBe("383 ms early");
  expect(aheadText(-12)).toBe("12 ms late");
  expect(aheadText(undefined)).toBeUndefined();
});

test("while a topic has stopped, the badge says so and when the page asks again", () => {
  const badge = { kind: "reconnecting", retryInMs: 12_300, isTopicStopped: true } as const;
  expect(badgeText(badge)).toEqual({ state: "Stopped", behind: "", countdown: "in 13 s" });
  expect(badgeText({ ...badge, retryInMs: 500 }).state).toBe("Stopped");
});

test.each<Notice>([
  { kind: "connecting" },
  { kind: "waiting" },
  { kind: "no-number" },
  { kind: "lost" },
  { kind: "data-changed" },
  { kind: "other-epoch" },
  { kind: "begins", at: 0 },
  { kind: "refused", refusal: "unknown-topic", topic: "nope" },
])("the notice for %j has a title and a remedy", (notice) => {
  for (const words of noticeText(notice)) expect(words).toMatch(/^[A-Z“].+/);
});

test("the summary has the state, and value and range of each series", () => {
  const ecg = entry("ecg", "ECG", { value: 473, low: { value: -980 }, high: { value: 2_500 } });
  expect(summaryOf(viewState({ legend: [ecg] }))).toBe(
    "Live. ECG: 473, lowest −980, highest 2,500, the last 10 seconds.",
  );
});

test("a value beyond a threshold is named low or high, and spoken so", () => {
  const limits = { min: undefined, max: undefined, warnBelow: 50, warnAbove: 120 };
  const word = (value: number) => {
    const { series, ...rest } = entry("ecg", "pulse", { value });
    return thresholdWord({ ...rest, series: { ...series, limits } });
  };
  expect([49, 50, 120, 121].map(word)).toEqual(["low", "", "", "high"]);
  const { series } = entry("ecg", "pulse");
  const pulse = { ...entry("ecg", "pulse", { value: 130 }), series: { ...series, limits } };
  expect(summaryOf(viewState({ legend: [pulse] }))).toBe("Live. pulse: 130, high.");
});

test("the summary omits hidden series and counts those beyond the fourth", () => {
  const legend = ["a", "b", "c", "d", "e", "f", "g"].map((name) =>
    entry("ecg", name, { isShown: name !== "b" }),
  );
  expect(summaryOf(viewState({ legend, badge: { kind: "behind", behindMs: 5_000 } }))).toBe(
    "5 seconds behind live. a: 1. c: 1. d: 1. e: 1. 2 more series.",
  );
});

test.each<[Badge, string]>([
  [{ kind: "paused", behindMs: 83_000 }, "Paused, 1 minute 23 seconds behind live."],
  [{ kind: "starving", behindMs: 700 }, "0.7 seconds behind live."],
  [{ kind: "reconnecting", retryInMs: 3_000 }, "Reconnecting in 3 seconds."],
  [{ kind: "reconnecting", retryInMs: 500 }, "Reconnecting."],
])("the summary says %j in words", (badge, words) => {
  expect(summaryOf(viewState({ legend: [], badge }))).toBe(words);
});

test("the summary never calls a replay live", () => {
  const badge: Badge = { kind: "behind", behindMs: 5_000 };
  expect(summaryOf(viewState({ legend: [], badge, feed: "replay" }))).toMatch(
    /^5 seconds behind the replay\./,
  );
});

test("the summary adds no full stop to a state that ends with an ellipsis", () => {
  expect(summaryOf(viewState({ legend: [], badge: { kind: "connecting" } }))).toBe("Connecting…");
});

test("the result of copying is announced, including failures", async () => {
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  await copyAndAnnounce(async () => true, say);
  await copyAndAnnounce(async () => false, say);
  await copyAndAnnounce(() => Promise.reject(new Error("no clipboard")), say);
  expect(said).toEqual([
    "Copied",
    "Copying was blocked by the browser",
    "Copying was blocked by the browser",
  ]);
});

test.each([
  [1_234.56789, 0, 2_000, 1_234.57],
  // Rounded further, none of these would be between the values.
  [52.12345712, 52.1234567, 52.1234575, 52.12345712],
  [9007199254741000, 9007199254740992, 9007199254741006, 9007199254741000],
  [0.1 + 0.2, 0.3, 0.3, 0.3],
  [0, -1e308, 1e308, 0],
])("a mean of %d between %d and %d is rounded to %d", (mean, min, max, rounded) => {
  expect(roundedMean(mean, min, max)).toBe(rounded);
});
