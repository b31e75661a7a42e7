/** Builds the page; `npm run dev` proxies to a local hub. */

import { defineConfig } from "vite";
import { budgets } from "./build/budgets.ts";
import { compress, licences } from "./build/output_files.ts";

/** A hub with the repository's default configuration. */
const HUB = "http://127.0.0.1:8000";

export default defineConfig({
  // A proxy may serve the page under any path.
  base: "./",
  build: { modulePreload: { polyfill: false }, reportCompressedSize: false },
  // A fraction of a second on a slow mobile connection.
  plugins: [licences(), compress(), budgets({ "index.html": { first: 60_000, later: 75_000 } })],
  server: { proxy: { "/ws": { target: HUB, ws: true }, "/api": HUB } },
});
