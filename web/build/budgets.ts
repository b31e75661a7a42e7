/**
 * A build step that enforces a size budget on each entry file, including everything that it loads by itself, and on each
 * part that it loads on demand. Runs after all files have been written.
 */

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** In gzipped bytes. */
export interface Budget {
  /** Of the entry file and everything that it loads without being asked. */
  readonly all: number;
  /** Of what each part that it loads on demand adds to that, by the part's name: that of its file without the hash. */
  readonly onDemand?: Readonly<Record<string, number>>;
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
        for (const [entry, { all, onDemand = {} }] of Object.entries(entries)) {
          const first = loadedBy(entry, files);
          check(`\`${entry}\` with everything that it loads by itself`, cost(first, files), all);
          const parts = partsOf(first, files);
          const names = Object.keys(onDemand).sort().join();
          if ([...parts.keys()].sort().join() !== names)
            this.error(`\`${entry}\` loads ${[...parts.keys()]} on demand; there are budgets for ${names}`);
          for (const [name, added] of parts)
            check(`\`${name}\` on demand`, cost(added, files), onDemand[name] ?? 0);
        }
      },
    },
  };
}

/** What a module imports when it is needed, as in `import("./part-1a-b2c3d.js")`; hashes have eight characters. */
const ON_DEMAND = /\bimport\(["'`]\.\/((\w+)-[\w-]{8}\.js)["'`]\)/g;
/** Where the bundler lists the files of such parts. */
const PART_FILES = /\bm\.f=\[[^\]]*\]/g;

type Files = ReadonlyMap<string, Buffer>;

/**
 * Returns the entry and every file whose name occurs in a loaded file, other than those loaded on demand; asset names
 * are unique enough for that.
 */
export function loadedBy(entry: string, files: Files): ReadonlySet<string> {
  const loaded = new Set([entry]);
  for (const name of loaded) {
    const text = files.get(name)?.toString().replaceAll(ON_DEMAND, "").replaceAll(PART_FILES, "");
    if (text === undefined) throw new Error(`the build has no \`${name}\``);
    for (const other of files.keys()) if (text.includes(basename(other))) loaded.add(other);
  }
  return loaded;
}

/** What each part that these files load on demand adds to them, by name. */
export function partsOf(first: ReadonlySet<string>, files: Files): ReadonlyMap<string, ReadonlySet<string>> {
  const parts = new Map<string, ReadonlySet<string>>();
  for (const file of first)
    for (const [, path, part] of String(files.get(file)).matchAll(ON_DEMAND)) {
      const entry = [...files.keys()].find((name) => basename(name) === path) ?? String(path);
      const added = [...loadedBy(entry, files)].filter((name) => !first.has(name));
      parts.set(String(part), new Set(added));
    }
  return parts;
}

function cost(names: ReadonlySet<string>, files: Files): number {
  return [...names].reduce((sum, name) => sum + gzipSync(files.get(name) ?? "", { level: 9 }).length, 0);
}
