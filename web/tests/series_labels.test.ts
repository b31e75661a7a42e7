/** The names of series: different from each other, and never empty. */

import { expect, test } from "vitest";
import type { LegendEntry } from "../src/page";
import { labelsOf } from "../src/scene/series_labels";
import { entry } from "./view_state";

function labelled(topic: string, name: string | undefined, label: string | undefined): LegendEntry {
  const series = { ...entry(topic, name).series, field: { name, label, unit: undefined } };
  return { ...entry(topic, name), series };
}

test("equal labels of one topic are distinguished by their keys", () => {
  const legend = [labelled("t", "a", "Temp"), labelled("t", "b", "Temp"), labelled("t", "c", "Flow")];
  expect(labelsOf(legend)).toEqual(["Temp (a)", "Temp (b)", "Flow"]);
});

test("equal labels of several topics are distinguished by topic, and by key where that is not enough", () => {
  const legend = [labelled("s", "a", "Temp"), labelled("t", "a", "Temp"), labelled("t", "b", "Temp")];
  expect(labelsOf(legend)).toEqual(["s Temp", "t Temp (a)", "t Temp (b)"]);
});

test("a label that equals the key of another field is distinguished from it", () => {
  expect(labelsOf([labelled("t", "b", undefined), labelled("t", "a", "b")])).toEqual(["b", "b (a)"]);
});

test.each([
  ["", '""'],
  [" ", '" "'],
  ["\u200b", '"\u200b"'],
])("the key %j is visible", (key, shown) => {
  expect(labelsOf([labelled("t", key, undefined)])).toEqual([shown]);
  expect(labelsOf([labelled("t", key, " ")])).toEqual([shown]);
});

test("labels that differ only in what cannot be seen are distinguished", () => {
  const legend = [labelled("t", "a", "Temp"), labelled("t", "b", "Temp "), labelled("t", "c", "Te\u200bmp")];
  const names = labelsOf(legend);
  expect(new Set(names).size).toBe(3);
  expect(names[0]).toMatch(/\(a\)$/);
});

test("names that still look alike are numbered", () => {
  const legend = [
    labelled("t", "a", undefined),
    labelled("t", "a ", undefined),
    labelled("t", "a\u200b", undefined),
  ];
  const looks = labelsOf(legend).map((name) => name.replace(/\u200b/g, ""));
  expect(new Set(looks).size).toBe(3);
});
