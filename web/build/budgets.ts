/**
 * A build step that enforces a size budget on each entry file, including everything that it loads before its first
 * picture, and another one including what it imports later. Runs after all files have been written.
 */

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** In gzipped bytes. */
export interface Budget {
  /** Of the entry file and everything that it loads before its first picture. */
  readonly first: number;
  /** Of that and what it imports later; the same if undefined. */
  readonly later?: number;
}

/** Entry files in the output folder. */
export type Budgets = Readonly<Record<string, Budget>>;

/** Files that a page loads by itself. */
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
        const check = (text: string, bytes: number, most: number) => {
          if (bytes > most) this.error(`${text} is ${bytes} bytes gzipped; its budget is ${most}`);
          this.info(`${text} is ${bytes} bytes gzipped, of ${most}`);
        };
        for (const [entry, { first, later = first }] of Object.entries(entries)) {
          const all = loadedBy(entry, files);
          check(`\`${entry}\` with everything that it loads`, cost(all, files), later);
          const early = loadedBy(entry, files, withoutImportedLater);
          check(`\`${entry}\` up to its first picture`, cost(early, files), first);
        }
      },
    },
  };
}

/** The text of a module without the files that it imports later, as in `import("./late.js")`. */
export function withoutImportedLater(text: string): string {
  return text.replaceAll(/\bimport\([^)]*\)/g, "");
}

type Files = ReadonlyMap<string, Buffer>;

/**
 * Returns the entry and every file whose name occurs in a loaded file; asset names are unique enough for that. `reduce`
 * takes from a file's text what does not count.
 */
export function loadedBy(
  entry: string,
  files: Files,
  reduce = (text: string): string => text,
): ReadonlySet<string> {
  const loaded = new Set([entry]);
  for (const name of loaded) {
    const whole = files.get(name)?.toString();
    const text = whole === undefined ? undefined : reduce(whole);
    if (text === undefined) throw new Error(`the build has no \`${name}\``);
    for (const other of files.keys()) if (text.includes(basename(other))) loaded.add(other);
  }
  return loaded;
}

function cost(names: ReadonlySet<string>, files: Files): number {
  return [...names].reduce((sum, name) => sum + gzipSync(files.get(name) ?? "", { level: 9 }).length, 0);
}
