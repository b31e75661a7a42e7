/** The direction of imports: every module may import those in earlier rows of this list and none in later ones. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

/** Modules in the same row may not import each other either. */
const ROWS = [
  ["client", "exact_json", "locale"],
  ["topic_buffer", "wall_clock", "local_time", "number", "hub_request"],
  ["scene", "viewport"],
  ["history_cache", "duration", "strings", "snapshot_store"],
  ["chart", "page", "saving"],
  ["time_navigator", "player", "commands"],
  ["live_chart", "view", "instruments"],
  ["records"],
  ["main", "tick_chart"],
];
const SOURCE = join(import.meta.dirname, "../src");

const styles = readdirSync(join(SOURCE, "style")).map((name) => join(SOURCE, "style", name));
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

function withoutComments(text: string): string {
  return text.replace(/\/\*.*?\*\//gs, "");
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), "utf8");
  return [...text.matchAll(/from "(\.[^"]+(?<!\?inline))"/g)].map(
    ([, path]) => `${relative(SOURCE, join(SOURCE, dirname(file), path as string)).replace(/\.ts$/, "")}.ts`,
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

test("imports have no cycles", () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, `cycle through ${file}`).not.toContain(file);
    if (done.has(file)) return;
    for (const other of importsOf(file)) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test("the client imports nothing from outside its folder", () => {
  const bare = (file: string) =>
    [...readFileSync(join(SOURCE, file), "utf8").matchAll(/(?:from|import) ?\(?"([^."][^"]*)"/g)].map(
      ([, path]) => path,
    );
  const own = files.filter((file) => moduleOf(file) === "client");
  const outside = own.flatMap((file) => [
    ...importsOf(file).filter((other) => moduleOf(other) !== "client"),
    ...bare(file),
  ]);
  expect(own.length).toBeGreaterThan(0);
  expect(outside).toEqual([]);
});

test("every HTTP request is made by the client's API", () => {
  const using = (pattern: RegExp) =>
    files.filter((file) => pattern.test(withoutComments(readFileSync(join(SOURCE, file), "utf8"))));
  expect(using(/\bfetch\(|XMLHttpRequest|sendBeacon/)).toEqual(["client/runtime.ts"]);
  expect(using(/[rR]untime\.get\(/)).toEqual(["client/api.ts"]);
});

test("the page uses no third-party library", () => {
  const users = files.filter((file) => /from "[^."]/.test(readFileSync(join(SOURCE, file), "utf8")));
  expect(users).toEqual([]);
});

test("nothing is loaded from another origin", () => {
  const sources = [
    ...files.map((file) => join(SOURCE, file)),
    join(SOURCE, "style.css"),
    ...styles,
    join(SOURCE, "../index.html"),
  ];
  const remote = sources.filter((path) =>
    /(?:src|href)="https?:|url\(\s*["']?https?:|fetch\("http/.test(
      withoutComments(readFileSync(path, "utf8")),
    ),
  );
  expect(remote).toEqual([]);
});
