/**
 * Builds the client library: one module that a hub serves next to the page, built after the page; or, in the mode
 * `package`, the package `tickcast-client` in its own folder, without its types.
 */

import { resolve } from "node:path";
import { defineConfig } from "vite";
import { budgets } from "./build/budgets.ts";
import { minifyAgain } from "./build/chunks.ts";
import { compress, publish } from "./build/output_files.ts";

const FILE = "tickcast-client.js";
const source = resolve(import.meta.dirname, "src/client");

export default defineConfig(({ mode }) => {
  const isPackage = mode === "package";
  return {
    build: {
      outDir: isPackage ? "dist-client" : "dist",
      emptyOutDir: isPackage,
      sourcemap: isPackage,
      reportCompressedSize: false,
      rolldownOptions: {
        input: resolve(source, "index.ts"),
        preserveEntrySignatures: "strict",
        output: { entryFileNames: FILE },
      },
    },
    plugins: [
      budgets({ [FILE]: { all: 6_700 } }),
      isPackage
        ? publish({
            "package.json": resolve(source, "package.json"),
            "README.md": resolve(source, "README.md"),
            LICENSE: resolve(import.meta.dirname, "../LICENSE-MIT"),
          })
        : [minifyAgain(), compress()],
    ],
  };
});
