/**
 * Twins: code in Rust and in TypeScript that has to change together. A comment at each of the two names the file of the
 * other, and may name the item in it. What the two have in common is compared by other tests, with the API documents and
 * `tests/positions.json`.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** What a comment says: "Twin: `file`" or "Twin: `item` in `file`". */
interface Twin {
  readonly file: string;
  readonly item: string | undefined;
}

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}/${name}`);
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function twinsIn(text: string): Twin[] {
  // Comments continue over several lines.
  const joined = text.replace(/\n *(\*|\/\/[/!]?) ?/g, " ");
  return [...joined.matchAll(/Twin: +`([^`]+)`(?: in `([^`]+)`)?/g)].map(([, first = "", file]) =>
    file === undefined ? { file: first, item: undefined } : { file, item: first },
  );
}

/** Whether `text` defines the item: a type, a function or a constant; or `Enum::Variant`. */
function defines(text: string, item: string): boolean {
  const [name, variant] = item.split("::");
  const kinds = "struct|enum|trait|type|fn|const|class|interface|function";
  const hasName = new RegExp(`\\b(?:${kinds}) ${name}\\b`).test(text);
  return hasName && (variant === undefined || new RegExp(`^ +${variant}\\b`, "m").test(text));
}

const sources = [...filesIn("src", ".rs"), ...filesIn("web/src", ".ts")];
const twins = sources.flatMap((file) => twinsIn(read(file)).map((twin) => ({ from: file, ...twin })));

test("comments that name a twin are found on both sides", () => {
  expect(twins.filter(({ from }) => from.endsWith(".rs")).length).toBeGreaterThan(3);
  expect(twins.filter(({ from }) => from.endsWith(".ts")).length).toBeGreaterThan(10);
  // None is written in another way.
  const mentions = sources.flatMap((file) => read(file).match(/\bTwin\b/g) ?? []);
  expect(mentions).toHaveLength(twins.length);
});

test.each(twins)("the twin of $from exists, names it, and has what it names: $file $item", (twin) => {
  expect(existsSync(join(ROOT, twin.file)), `${twin.file} does not exist`).toBe(true);
  const text = read(twin.file);
  expect(
    twinsIn(text).map(({ file }) => file),
    `${twin.file} names no twin`,
  ).toContain(twin.from);
  if (twin.item !== undefined) expect(defines(text, twin.item), `${twin.item} is not there`).toBe(true);
});

test("a comment that continues on the next line is read", () => {
  expect(twinsIn("//! What it is. Twin:\n//! `a.ts`.")).toEqual([{ file: "a.ts", item: undefined }]);
  expect(twinsIn("/**\n * Twin: `A::B`\n * in `b.rs`. More.\n */")).toEqual([{ file: "b.rs", item: "A::B" }]);
});

test("an item is found by its definition, not by a mention", () => {
  expect(defines("pub enum Message {\n    Bye {\n", "Message::Bye")).toBe(true);
  expect(defines("pub enum Message {\n    Pong {\n", "Message::Bye")).toBe(false);
  expect(defines("let hello: Hello = Hello::new();", "Hello")).toBe(false);
});
