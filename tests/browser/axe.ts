/** Accessibility checks by axe-core, run in a page. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Screen } from "./screen";

const axe = readFile(
  createRequire(new URL("../../web/", import.meta.url)).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** The serious and critical violations, each with the first element that has it. */
export async function violationsOf(screen: Screen): Promise<string[]> {
  // Injected through the debugger: the page's policy forbids scripts from elsewhere.
  await screen.page.evaluate(await axe);
  const { violations } = await screen.page.evaluate(() =>
    (Reflect.get(window, "axe") as { run(): Promise<AxeResults> }).run(),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}
