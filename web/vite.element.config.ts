/** How `<tick-chart>` is built: one module, for a hub to serve beside the page, whose build comes before this one. */

import { resolve } from "node:path";
import { defineConfig } from "vite";
import { budgets } from "./build/budgets.ts";
import { compress } from "./build/compress.ts";

const FILE = "tick-chart.js";

export default defineConfig({
  build: {
    emptyOutDir: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: resolve(import.meta.dirname, "src/tick_chart.ts"),
      preserveEntrySignatures: "strict",
      output: { entryFileNames: FILE },
    },
  },
  // Less than the page: it has no panels and no strip.
  plugins: [budgets({ [FILE]: 35_000 }), compress()],
});
