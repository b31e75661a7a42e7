/** What the page says about a replay: its kind, its position, and where its data comes from. */

import { expect, test } from "vitest";
import { strings } from "../src/strings";
import { badgeText, goLiveText } from "../src/view/badge";
import { datasetName, positionText } from "../src/view/replay";
import { summaryOf } from "../src/view/summary";
import { entry, viewState } from "./view_state";

const replay = { topic: "ecg", record: 12, records: 8_233, sha256: "00ff", lap: 3 };
const info = { name: "ecg", dataset: "measurements.json", about: { title: "MIT-BIH" } };

test("only a live topic is called live", () => {
  const state = (feed?: "live" | "replay" | "mixed") => badgeText({ kind: "live" }, feed).state;
  expect([state("live"), state("replay"), state("mixed")]).toEqual(["Live", "Replay", "Live + replay"]);
  expect([goLiveText("live"), goLiveText("replay")]).toEqual(["Jump to live", "Rejoin the replay"]);
  expect(badgeText({ kind: "paused", behindMs: 1_000 }, "replay").state).toBe("Paused");
});

test("the title names the kind, once it is known", () => {
  expect(strings.title("ecg")).toBe("ecg · tickcast");
  expect(strings.title("ecg", "replay")).toBe("ecg · Replay · tickcast");
  expect(strings.title("ecg", "live")).toBe("ecg · Live · tickcast");
});

test("a dataset is named by its title, else its file, else its topic", () => {
  expect(datasetName("ecg", info)).toBe("MIT-BIH");
  expect(datasetName("ecg", { ...info, about: {} })).toBe("measurements.json");
  expect(datasetName("ecg", undefined)).toBe("ecg");
});

test("the position is the record among all, and the lap of a dataset that loops", () => {
  expect(positionText(replay)).toBe("record 12 of 8,233, lap 3");
  expect(positionText({ ...replay, lap: undefined })).toBe("record 12 of 8,233");
  expect(positionText({ ...replay, record: undefined })).toBeUndefined();
});

test("the summary names the dataset, the record and the lap", () => {
  const legend = [entry("ecg", "ECG", { value: 473 })];
  const about = new Map([["ecg", info]]);
  expect(summaryOf(viewState({ feed: "replay", legend, replays: [replay], about }))).toBe(
    "Replay. ECG: 473. Replay of MIT-BIH, record 12 of 8,233, lap 3.",
  );
});
