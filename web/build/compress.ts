/**
 * A build step that writes a `.br` and a `.gz` next to every compressible file, so that a hub can serve them without
 * compressing anything itself. Runs after all files have been written.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSIBLE = /\.(html|js|css|svg|json|txt)$/;

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
