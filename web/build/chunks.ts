/**
 * Build steps that keep the page small: one module, one style sheet and one document, with everything that is not loaded
 * on demand; and a short way to load the parts that are.
 */

import { minify } from "terser";
import type { Plugin, Rolldown } from "vite";

/**
 * Keeps everything that the page imports statically in one chunk. Without this, what parts loaded on demand share with
 * it becomes a file of its own.
 */
export function firstChunk(): Rolldown.CodeSplittingGroup {
  const known = new Map<string, boolean>();
  return {
    name(id, context) {
      const isFirst = (one: string): boolean => {
        const before = known.get(one);
        if (before !== undefined) return before;
        // Not through a cycle.
        known.set(one, false);
        const info = context.getModuleInfo(one);
        const found = info !== null && (info.isEntry || info.importers.some(isFirst));
        known.set(one, found);
        return found;
      };
      return isFirst(id) ? "index" : null;
    },
  };
}

/** Replaces the bundler's helper, which is as large as some parts because of the style sheets that none of them has. */
const LOAD_PART = `
export async function __vitePreload(load, files = [], importer) {
  const found = await Promise.all(files.map((file) => fetch(new URL(file, importer))));
  if (!found.every(({ ok }) => ok)) throw new Error("a part of the page is missing");
  return load();
}`;

/**
 * Asks for the files of a part before it is imported, all at once. A browser remembers an import that has failed until
 * the page is reloaded, and would not ask for the file again. What has been found is cached by then.
 */
export function findBeforeImport(): Plugin {
  return {
    name: "find-before-import",
    apply: "build",
    enforce: "pre",
    load: (id) => (id === "\0vite/preload-helper.js" ? LOAD_PART : undefined),
  };
}

/** Removes comments and indentation from the document. */
export function shortHtml(): Plugin {
  return {
    name: "short-html",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replaceAll(/<!--.*?-->/gs, "").replaceAll(/\s*\n\s*/g, "\n"),
    },
  };
}

/**
 * Minifies what Vite has minified once more. Terser simplifies further, but does not shorten the names of private members,
 * which Vite does: together they are 2 % smaller than either alone.
 */
export function minifyAgain(): Plugin {
  return {
    name: "minify-again",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      for (const chunk of chunks) {
        const { code } = await minify(chunk.code, { module: true, ecma: 2020, compress: { passes: 2 } });
        if (code === undefined) throw new Error(`${chunk.fileName} could not be minified`);
        chunk.code = code;
      }
    },
  };
}
