/** Builds `<tick-chart>`: one module that a hub serves next to the page, built after the page. */

import { resolve } from "node:path";
import { defineConfig } from "vite";
import { budgets } from "./build/budgets.ts";
import { minifyAgain } from "./build/chunks.ts";
import { compress } from "./build/output_files.ts";

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
  // Smaller than the page: it has no menu, no dialogs and no time navigator.
  plugins: [minifyAgain(), budgets({ [FILE]: { all: 44_000 } }), compress()],
});
