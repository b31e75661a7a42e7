/** Builds the page; `npm run dev` proxies to a local hub. */

import { defineConfig } from "vite";
import { budgets } from "./build/budgets.ts";
import { findBeforeImport, firstChunk, minifyAgain, shortHtml } from "./build/chunks.ts";
import { compress, licences } from "./build/output_files.ts";

/** A hub with the repository's default configuration. */
const HUB = "http://127.0.0.1:8000";

export default defineConfig({
  // A proxy may serve the page under any path.
  base: "./",
  build: {
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      optimization: { inlineConst: { mode: "all" } },
      output: { codeSplitting: { includeDependenciesRecursively: false, groups: [firstChunk()] } },
    },
  },
  // A fraction of a second on a slow mobile connection.
  plugins: [
    findBeforeImport(),
    shortHtml(),
    minifyAgain(),
    licences(),
    compress(),
    budgets({
      "index.html": {
        all: 60_000,
        onDemand: {
          address_problems: 3_000,
          menu: 4_500,
          records: 8_000,
          page_dialogs: 9_000,
          saving_actions: 5_000,
        },
      },
    }),
  ],
  server: { proxy: { "/ws": { target: HUB, ws: true }, "/api": HUB } },
});
