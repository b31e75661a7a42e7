/** The tests that need no browser. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Compiling the schema of AsyncAPI takes a second, and on a busy machine longer than the default of five.
    testTimeout: 30_000,
  },
});
