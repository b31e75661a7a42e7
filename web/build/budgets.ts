/**
 * A build step: holds each file that people load by its name, with all that it loads in turn, to its budget. Runs
 * after everything is written.
 */

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Names in the built folder, each with the bytes of gzip that it may cost. */
export type Budgets = Readonly<Record<string, number>>;

/** What is loaded before anything is seen. */
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
          const said = `\`${entry}\` with all that it loads is ${bytes} bytes of gzip`;
          if (bytes > most) this.error(`${said}; its budget is ${most}`);
          this.info(`${said}, of ${most}`);
        }
      },
    },
  };
}

type Files = ReadonlyMap<string, Buffer>;

/** The entry and, names of assets being what they are, every file whose name stands in one that is loaded. */
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
