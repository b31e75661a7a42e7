/**
 * A build step that enforces a size budget on each entry file, including everything it loads. Runs after all files have
 * been written.
 */

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Entry files in the output folder with their budgets in gzipped bytes. */
export type Budgets = Readonly<Record<string, number>>;

/** File types loaded before the first paint. */
const COUNTED = /\.(html|js|css)$/;

export function budgets(entries: Budgets): Plugin {
  return {
    name: "budgets",
    apply: "build",
    writeBundle: {
      order: "post",
      sequential: true,
      handler({ dir = "dist" }, bundle) {
        const files = new Map(
          Object.keys(bundle)
            .filter((name) => COUNTED.test(name))
            .map((name) => [name, readFileSync(join(dir, name))]),
        );
        for (const [entry, most] of Object.entries(entries)) {
          const bytes = cost(loadedBy(entry, files), files);
          const size = `\`${entry}\` with everything it loads is ${bytes} bytes gzipped`;
          if (bytes > most) this.error(`${size}; its budget is ${most}`);
          this.info(`${size}, of ${most}`);
        }
      },
    },
  };
}

type Files = ReadonlyMap<string, Buffer>;

/** Returns the entry and every file whose name occurs in a loaded file; asset names are unique enough for that. */
export function loadedBy(entry: string, files: Files): ReadonlySet<string> {
  const loaded = new Set([entry]);
  for (const name of loaded) {
    const text = files.get(name)?.toString();
    if (text === undefined) throw new Error(`the build has no \`${name}\``);
    for (const other of files.keys()) if (text.includes(basename(other))) loaded.add(other);
  }
  return loaded;
}

function cost(names: ReadonlySet<string>, files: Files): number {
  return [...names].reduce((sum, name) => sum + gzipSync(files.get(name) ?? "", { level: 9 }).length, 0);
}
