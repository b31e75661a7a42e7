/** What counts towards the size budget of an entry file. */

import { expect, test } from "vitest";
import { loadedBy, partsOf } from "../build/budgets";

const FILES = new Map(
  Object.entries({
    "index.html": '<script src="/assets/index-a1.js"></script><link href="/assets/index-b2.css">',
    "assets/index-a1.js":
      'm.f||(m.f=["./late_part-1-c3_456.js","./shared-e5.js"]);import"./common-d4.js";import("./late_part-1-c3_456.js");import(`./other-f6f6f6f6.js`)',
    "assets/index-b2.css": "body{}",
    "assets/common-d4.js": 'import"./index-a1.js"',
    "assets/late_part-1-c3_456.js": 'import"./index-a1.js";import"./shared-e5.js"',
    "assets/other-f6f6f6f6.js": 'import"./shared-e5.js"',
    "assets/shared-e5.js": "export {}",
    "other.js": "export {}",
  }).map(([name, text]) => [name, Buffer.from(text)]),
);

const FIRST = ["assets/common-d4.js", "assets/index-a1.js", "assets/index-b2.css", "index.html"];

test("a page counts with everything it loads by itself, transitively and in cycles, and nothing else", () => {
  expect([...loadedBy("index.html", FILES)].sort()).toEqual(FIRST);
});

test("a part that is loaded on demand counts with what it adds to the page", () => {
  const parts = [...partsOf(new Set(FIRST), FILES)].map(([name, added]) => [name, [...added].sort()]);
  expect(parts).toEqual([
    ["late_part", ["assets/late_part-1-c3_456.js", "assets/shared-e5.js"]],
    ["other", ["assets/other-f6f6f6f6.js", "assets/shared-e5.js"]],
  ]);
});

test("a module that loads nothing counts alone", () => {
  expect([...loadedBy("other.js", FILES)]).toEqual(["other.js"]);
});

test("an entry that was not built is an error", () => {
  expect(() => loadedBy("missing.js", FILES)).toThrow("missing.js");
});
