/**
 * Build steps that add files to the output: compressed variants, so that a hub can serve them without compressing
 * anything itself; the licences of bundled packages; and further files of a package, such as its README.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSIBLE = /\.(html|js|css|svg|json|txt)$/;

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;
/** The folder of the package that a module belongs to. */
const PACKAGE_FOLDER = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

const NOTHING = "This page contains no third-party code.\n";

/** Writes a `.br` and a `.gz` next to every compressible file, after all files have been written. */
export function compress(): Plugin {
  return {
    name: "compress",
    apply: "build",
    writeBundle: {
      order: "post",
      sequential: true,
      handler({ dir = "dist" }, bundle) {
        for (const name of Object.keys(bundle)) if (COMPRESSIBLE.test(name)) writeCompressed(join(dir, name));
      },
    },
  };
}

function writeCompressed(path: string): void {
  const content = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }),
  );
}

/**
 * Writes THIRD-PARTY-LICENSES.txt with the licence of every bundled package. The list is derived from the bundle, so it
 * cannot get out of date.
 */
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

/** Maps file names in the package to their sources. */
export function publish(files: Readonly<Record<string, string>>): Plugin {
  return {
    name: "publish",
    apply: "build",
    generateBundle() {
      for (const [fileName, path] of Object.entries(files))
        this.emitFile({ type: "asset", fileName, source: readFileSync(path) });
    },
  };
}
