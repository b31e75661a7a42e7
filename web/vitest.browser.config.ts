/** The page in a real Chromium against a real hub; needs `npm run build` and a hub binary. */

import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // The tests lie beside those of the hub, where no node_modules is in reach.
    alias: {
      "playwright-core": resolve(import.meta.dirname, "node_modules/playwright-core/index.mjs"),
      ws: resolve(import.meta.dirname, "node_modules/ws/wrapper.mjs"),
    },
  },
  server: { fs: { allow: [".."] } },
  test: {
    dir: resolve(import.meta.dirname, "../tests/browser"),
    include: ["**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes at once on a quiet machine; how soon on another is no test's business.
    expect: { poll: { timeout: 30_000 } },
    // They share one hub and two cores.
    fileParallelism: false,
  },
});
