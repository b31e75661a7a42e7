/** The direction of imports: every module knows those before it in this list and none after it. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

/** Neighbours in one row do not know each other either. */
const ROWS = [
  ["protocol"],
  ["connection", "clock"],
  ["timeline"],
  ["chart", "strings", "session"],
  ["view"],
  ["main"],
];
const SOURCE = join(import.meta.dirname, "../src");

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);

/** `chart/line.ts` belongs to the module `chart`. */
function moduleOf(file: string): string {
  return file.replace(/\.ts$/, "").split("/")[0] as string;
}

function rowOf(file: string): number {
  return ROWS.findIndex((row) => row.includes(moduleOf(file)));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), "utf8");
  return [...text.matchAll(/from "(\.[^"]+)"/g)].map(
    ([, path]) => `${relative(SOURCE, join(SOURCE, dirname(file), path as string))}.ts`,
  );
}

test("every file belongs to a module of the list", () => {
  expect(files.filter((file) => rowOf(file) < 0)).toEqual([]);
});

test("imports go to earlier modules only", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((other) => moduleOf(other) !== moduleOf(file) && rowOf(other) >= rowOf(file))
      .map((other) => `${file} imports ${other}`),
  );
  expect(wrong).toEqual([]);
});

test("no imports go in a circle", () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, `circle through ${file}`).not.toContain(file);
    if (done.has(file)) return;
    for (const other of importsOf(file)) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test("the drawing library is known to the chart only", () => {
  const users = files.filter((file) => readFileSync(join(SOURCE, file), "utf8").includes('"uplot'));
  expect(users.map(moduleOf)).toEqual(["chart"]);
});

test("nothing is loaded from elsewhere", () => {
  const sources = [
    ...files.map((file) => join(SOURCE, file)),
    join(SOURCE, "style.css"),
    join(SOURCE, "../index.html"),
  ];
  const remote = sources.filter((path) =>
    /(?:src|href)="https?:|url\(\s*["']?https?:|fetch\("http/.test(readFileSync(path, "utf8")),
  );
  expect(remote).toEqual([]);
});
