/** A build step that copies additional files of a package, such as its README, next to the built module. */

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

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
