/** How the page is built, and where `npm run dev` finds a hub. */

import { defineConfig } from "vite";
import { budgets } from "./build/budgets.ts";
import { compress } from "./build/compress.ts";
import { licences } from "./build/licences.ts";

/** A hub started with the repository's own configuration. */
const HUB = "http://127.0.0.1:8000";

export default defineConfig({
  // Behind a proxy the page may have any path.
  base: "./",
  build: { modulePreload: { polyfill: false }, reportCompressedSize: false },
  // Over a slow mobile line this is still a fraction of a second.
  plugins: [licences(), compress(), budgets({ "index.html": 60_000 })],
  server: { proxy: { "/ws": { target: HUB, ws: true }, "/api": HUB } },
});
