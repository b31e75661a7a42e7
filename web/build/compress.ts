/**
 * A build step: beside every file that compresses well, its `.br` and `.gz`, so that a hub can hand them out
 * without compressing anything itself. Also holds the page to its budget. Runs after everything is written.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSIBLE = /\.(html|js|css|svg|json|txt)$/;
/** What a viewer has to load before the first line. */
const PAGE = /\.(html|js|css)$/;
/** Gzip, all in. Over a slow mobile line this is still a fraction of a second. */
const BUDGET_BYTES = 40_000;

export function compress(): Plugin {
  let folder = "dist";
  return {
    name: "compress",
    apply: "build",
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle: {
      order: "post",
      sequential: true,
      handler() {
        let total = 0;
        for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
          if (!COMPRESSIBLE.test(name)) continue;
          const path = join(folder, name);
          const content = readFileSync(path);
          const gzip = gzipSync(content, { level: 9 });
          writeFileSync(`${path}.gz`, gzip);
          writeFileSync(
            `${path}.br`,
            brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }),
          );
          if (PAGE.test(name)) total += gzip.length;
        }
        if (total > BUDGET_BYTES)
          this.error(`the page is ${total} bytes of gzip; its budget is ${BUDGET_BYTES}`);
        this.info(`the page is ${total} bytes of gzip, of ${BUDGET_BYTES}`);
      },
    },
  };
}
