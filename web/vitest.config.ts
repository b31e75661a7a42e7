/** The tests that need no browser. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Simulations and schema compilers take seconds on a busy machine; how long is not tested.
    testTimeout: 60_000,
  },
});
