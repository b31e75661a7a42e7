/** The words of the view: what is said of each fact. The elements themselves are seen by the browser tests. */

import { expect, test } from "vitest";
import { SteadyNumber } from "../src/number";
import type { Badge, Notice } from "../src/page";
import { badgeWords, isBehind } from "../src/view/badge";
import { copied } from "../src/view/copying";
import { aheadText, offsetText } from "../src/view/foot";
import { labelsOf, valueText } from "../src/view/legend";
import { noticeWords } from "../src/view/notice";
import { summaryOf } from "../src/view/summary";
import { toggled, topicsText } from "../src/view/topics";
import { entry, facts } from "./facts";

test.each<[Badge, string]>([
  [{ kind: "live" }, "Live"],
  [{ kind: "behind", behindMs: 12_345 }, "Behind −12.3 s"],
  [{ kind: "paused", behindMs: 83_000 }, "Paused −1:23 min"],
  [{ kind: "behind", behindMs: -20 }, "Behind −0.0 s"],
  [{ kind: "reconnecting", retryInMs: 2_100 }, "Reconnecting in 3 s"],
  [{ kind: "reconnecting", retryInMs: 600 }, "Reconnecting"],
  [{ kind: "offline", retryInMs: 2_100 }, "Offline"],
  [{ kind: "ended" }, "Ended"],
  [{ kind: "connecting" }, "Connecting"],
  [{ kind: "draining" }, "Draining"],
  [{ kind: "stopped" }, "Not available"],
])("the badge for %j says %j", (badge, words) => {
  const { state, behind, countdown } = badgeWords(badge);
  expect([state, behind, countdown].filter(Boolean).join(" ")).toBe(words);
});

test("only a view that is behind can go to what is now", () => {
  expect(isBehind({ kind: "paused", behindMs: 1 })).toBe(true);
  expect(isBehind({ kind: "behind", behindMs: 1 })).toBe(true);
  expect(isBehind({ kind: "live" })).toBe(false);
  expect(isBehind({ kind: "ended" })).toBe(false);
});

test("a line is called by its field, and by its topic too where fields are called alike", () => {
  expect(labelsOf([entry("ecg", "mlii"), entry("flow", "rate")])).toEqual(["mlii", "rate"]);
  expect(labelsOf([entry("ecg", "value"), entry("flow", "value")])).toEqual(["ecg value", "flow value"]);
});

test("a record that is a number gives its line the topic's name", () => {
  expect(labelsOf([entry("ecg"), entry("flow")])).toEqual(["ecg", "flow"]);
});

test("no value is a dash", () => {
  const number = new SteadyNumber();
  expect(valueText(number, undefined)).toBe("–");
  expect(valueText(number, Number.NaN)).toBe("–");
  expect(valueText(number, -2)).toBe("−2");
});

test("the head names two topics, and counts more", () => {
  expect(topicsText([])).toBe("default topic");
  expect(topicsText(["ecg"])).toBe("ecg");
  expect(topicsText(["ecg", "flow"])).toBe("ecg + flow");
  expect(topicsText(["ecg", "flow", "power"])).toBe("ecg + 2");
});

test("topics are added at the end and taken away, save for the last", () => {
  expect(toggled(["ecg"], "flow")).toEqual(["ecg", "flow"]);
  expect(toggled(["ecg", "flow"], "ecg")).toEqual(["flow"]);
  expect(toggled(["ecg"], "ecg")).toEqual(["ecg"]);
});

test("a device's clock is slow or fast, and records come early or late", () => {
  expect(offsetText(1_234)).toBe("1.2 s slow");
  expect(offsetText(-20)).toBe("20 ms fast");
  expect(aheadText(383)).toBe("383 ms early");
  expect(aheadText(-12)).toBe("12 ms too late");
  expect(aheadText(undefined)).toBeUndefined();
});

test.each<Notice>([
  { kind: "connecting" },
  { kind: "waiting" },
  { kind: "no-number" },
  { kind: "lost" },
  { kind: "other-epoch" },
  { kind: "begins", at: 0 },
  { kind: "refused", refusal: "unknown-topic", topic: "nope" },
])("the notice for %j has a title and a remedy", (notice) => {
  for (const words of noticeWords(notice)) expect(words).toMatch(/^[A-Z“].+/);
});

test("the summary tells state, value and range in one sentence each", () => {
  const ecg = entry("ecg", "ECG", { value: 473, low: -980, high: 2_500 });
  expect(summaryOf(facts({ legend: [ecg] }))).toBe(
    "Live. ECG: 473, lowest −980, highest 2,500, the last 10 seconds.",
  );
});

test("the summary leaves out what is hidden, and counts what nobody would remember", () => {
  const legend = ["a", "b", "c", "d", "e", "f", "g"].map((name) =>
    entry("ecg", name, { isShown: name !== "b" }),
  );
  expect(summaryOf(facts({ legend, badge: { kind: "behind", behindMs: 5_000 } }))).toBe(
    "Behind −5.0 s. a: 1. c: 1. d: 1. e: 1. 2 more lines.",
  );
});

test("a copy that fails is told like one that works", async () => {
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  await copied(async () => true, say);
  await copied(async () => false, say);
  await copied(() => Promise.reject(new Error("no clipboard")), say);
  expect(said).toEqual(["Copied", "This browser did not let us copy", "This browser did not let us copy"]);
});
