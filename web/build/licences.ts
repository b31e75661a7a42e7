/**
 * A build step that writes THIRD-PARTY-LICENSES.txt with the licence of every bundled package. The list is derived from
 * the bundle, so it cannot get out of date.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;
/** The folder of the package that a module belongs to. */
const PACKAGE_FOLDER = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

const NOTHING = "This page contains no third-party code.\n";

export function licences(): Plugin {
  const folders = new Set<string>();
  return {
    name: "licences",
    apply: "build",
    // The final chunk no longer lists style sheets as modules, so collect from the whole module graph.
    moduleParsed: ({ id }) => {
      const folder = PACKAGE_FOLDER.exec(id.replaceAll("\\", "/"))?.[1];
      if (folder !== undefined) folders.add(folder);
    },
    generateBundle() {
      const texts = [...folders].sort().map(describe);
      const source = texts.length === 0 ? NOTHING : texts.join(`\n${"-".repeat(80)}\n\n`);
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENSES.txt", source });
    },
  };
}

function describe(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  if (texts.length === 0) throw new Error(`\`${name}\` is in the bundle but has no licence text`);
  const text = texts.map((file) => readFileSync(join(folder, file), "utf8").trim()).join("\n\n");
  return `${name} ${version} (${license})\n\n${text}\n`;
}
