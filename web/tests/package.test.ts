/** The package `tickcast-client` as published: built, packed, and compiled against. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const WEB = resolve(import.meta.dirname, "..");
const PACKAGE = join(WEB, "dist-client");

/** Builds and compilers are slow on a busy machine. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let user = "";

beforeAll(() => {
  run("npm", ["run", "--silent", "build:client"], WEB);
  user = mkdtempSync(join(tmpdir(), "tickcast-client-"));
  mkdirSync(join(user, "node_modules"));
  symlinkSync(PACKAGE, join(user, "node_modules/tickcast-client"));
  symlinkSync(join(WEB, "node_modules/@types"), join(user, "node_modules/@types"));
});

afterAll(() => rmSync(user, { recursive: true, force: true }));

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}

/** Compiles these programs in a project that has only the package; returns the compiler's output. */
function compile(programs: readonly string[], options: object): string {
  const names = programs.map((text, n) => {
    writeFileSync(join(user, `${n}.mts`), text);
    return `${n}.mts`;
  });
  const compilerOptions = { module: "nodenext", target: "es2022", strict: true, noEmit: true, ...options };
  writeFileSync(join(user, "tsconfig.json"), JSON.stringify({ compilerOptions, files: names }));
  try {
    return run(process.execPath, [join(WEB, "node_modules/typescript/bin/tsc"), "--project", user], user);
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test("it contains the module, its source map, its types, a README and a licence, and nothing else", () => {
  const [packed] = JSON.parse(run("npm", ["pack", "--dry-run", "--json"], PACKAGE));
  const names = packed.files.map(({ path }: { path: string }) => path);
  expect(names.filter((name: string) => !name.startsWith("types/")).sort()).toEqual([
    "LICENSE",
    "README.md",
    "package.json",
    "tickcast-client.js",
    "tickcast-client.js.map",
  ]);
  expect(names).toContain("types/index.d.ts");
  expect(names.filter((name: string) => name.startsWith("types/") && !name.endsWith(".d.ts"))).toEqual([]);
});

test("it has the same version as the page", () => {
  const version = (folder: string) => JSON.parse(read(join(folder, "package.json"))).version;
  expect(version(PACKAGE)).toBe(version(WEB));
});

test("its types need neither the DOM's nor Node's types, and reject unknown events", () => {
  const program = (body: string) =>
    `import { Client } from "tickcast-client"; const client = new Client({ url: "http://hub" }); ${body}`;
  const bare = { lib: ["es2022"], types: [] };
  expect(
    compile([program('client.on("record", ({ seq }) => { const n: number = seq; void n; });')], bare),
  ).toBe("");
  expect(compile([program('client.on("recrod", () => {});')], bare)).toContain("recrod");
});

test("the WebSocket of the package ws can be passed in, and nothing that is no socket", () => {
  const program = (type: string) => `
    import { Client } from "tickcast-client";
    import { WebSocket } from "ws";
    new Client({ url: "http://hub", WebSocket: ${type} }).open();
    void WebSocket;
  `;
  const node = { lib: ["es2022"], types: ["node"] };
  expect(compile([program("WebSocket")], node)).toBe("");
  expect(compile([program("Date")], node)).toContain("Date");
});

test("the examples in its README compile", () => {
  const examples = [...read(join(PACKAGE, "README.md")).matchAll(/```ts\n(.*?)```/gs)].map(
    ([, text]) => text as string,
  );
  expect(examples.length).toBeGreaterThan(2);
  const options = {
    lib: ["es2022", "dom"],
    types: ["node"],
    typeRoots: [join(WEB, "node_modules/@types")],
  };
  expect(compile(examples, options)).toBe("");
});
