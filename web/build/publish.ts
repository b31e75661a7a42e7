/** A build step: puts beside a built module what its package needs besides. Writes no code. */

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** By their names in the package, where they are taken from. */
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
