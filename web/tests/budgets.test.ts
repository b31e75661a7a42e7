/** What counts towards the size budget of an entry file. */

import { expect, test } from "vitest";
import { loadedBy, withoutImportedLater } from "../build/budgets";

const FILES = new Map(
  Object.entries({
    "index.html": '<script src="/assets/index-a1.js"></script><link href="/assets/index-b2.css">',
    "assets/index-a1.js": 'import("./late-c3.js")',
    "assets/index-b2.css": "body{}",
    "assets/late-c3.js": 'import"./index-a1.js"',
    "other.js": "export {}",
  }).map(([name, text]) => [name, Buffer.from(text)]),
);

test("a page counts with everything it loads, transitively and in cycles, and nothing else", () => {
  expect([...loadedBy("index.html", FILES)].sort()).toEqual([
    "assets/index-a1.js",
    "assets/index-b2.css",
    "assets/late-c3.js",
    "index.html",
  ]);
});

test("what a page imports later does not count towards its first picture", () => {
  expect([...loadedBy("index.html", FILES, withoutImportedLater)].sort()).toEqual([
    "assets/index-a1.js",
    "assets/index-b2.css",
    "index.html",
  ]);
});

test("a module that loads nothing counts alone", () => {
  expect([...loadedBy("other.js", FILES)]).toEqual(["other.js"]);
});

test("an entry that was not built is an error", () => {
  expect(() => loadedBy("missing.js", FILES)).toThrow("missing.js");
});
