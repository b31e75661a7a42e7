/** Browser tests: the page in a real Chromium against a real hub. Needs `npm run build` and a hub binary. */

import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // The tests are outside web/, where node_modules cannot be resolved.
    alias: {
      "playwright-core": resolve(import.meta.dirname, "node_modules/playwright-core/index.mjs"),
      ws: resolve(import.meta.dirname, "node_modules/ws/wrapper.mjs"),
    },
  },
  server: { fs: { allow: [".."] } },
  test: {
    dir: resolve(import.meta.dirname, "../tests/browser"),
    include: ["**/*.test.ts"],
    // Pictures to look at, which check next to nothing; see the head of the file.
    exclude: process.env.SCREENSHOTS === undefined ? ["**/screenshots.test.ts"] : [],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // On an idle machine everything polled for happens at once; how long it takes on a busy one is not tested.
    expect: { poll: { timeout: 30_000 } },
    // Tests share one hub and two cores.
    fileParallelism: false,
  },
});
