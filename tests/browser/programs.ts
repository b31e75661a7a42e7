/**
 * The programs that the tests run, and where they are. Also for use without a test runner; what happens to a test whose
 * program is missing is up to `testWith`.
 */

import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export type Program = "chromium" | "firefox-esr" | "nginx" | "curl";

const TARGET = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, "../../target");

/** Environment variables with the path of a program to use instead. */
const OVERRIDES: Partial<Record<Program, string | undefined>> = {
  chromium: process.env.CHROMIUM,
  "firefox-esr": process.env.FIREFOX,
};

/** Where tests/tools/install.sh unpacks programs, the PATH, and where Debian installs daemons. */
const FOLDERS = [join(TARGET, "tools/debian/bin"), ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];

/** The path of a program, which must be there. */
export function pathOf(program: Program): string {
  const path = find(program);
  if (path === undefined) throw new Error(`\`${program}\` is missing; \`make test\` installs it`);
  return path;
}

/** The path of a program; undefined if it is missing. */
export function find(program: Program): string | undefined {
  const paths = [OVERRIDES[program] ?? FOLDERS.map((folder) => join(folder, program))].flat();
  return paths.find((path) => existsSync(path));
}
