/**
 * Measures how closely screens are synchronized, with a hub, a browser process per page, slow and jittery paths between
 * them, and wrong clocks. Run it with `make synchrony`; `docs/synchrony.md` explains the figures.
 *
 * Exit code 1 means that a limit was broken, 2 that the arguments are invalid.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Options, readOptions, USAGE } from "./options";
import { brokenLimits } from "./report/limits";
import { linesOf, titleOf } from "./report/lines";
import type { Report } from "./report/report";
import { draw } from "./report/skew_plot";
import { runOnce } from "./run";

const ROOT = resolve(import.meta.dirname, "../..");

async function measure({ runs, pages, seed, out }: Options): Promise<number> {
  const folder = resolve(ROOT, out);
  mkdirSync(folder, { recursive: true });
  const reports: Report[] = [];
  const failures: string[] = [];
  for (const plan of runs) {
    console.error(`${plan.profile}, delay ${plan.delay}: ${pages} pages, ${plan.seconds} s …`);
    const report = await runOnce(plan, pages, seed);
    reports.push(report);
    console.log(linesOf(report).join("\n"));
    for (const each of brokenLimits(report, plan.limits)) failures.push(`${titleOf(report)}: ${each}`);
    // Written after every run, so that a failure does not lose earlier results.
    writeFileSync(join(folder, "synchrony.json"), `${JSON.stringify(reports, undefined, 1)}\n`);
    writeFileSync(join(folder, "synchrony.svg"), draw(pictured(reports)));
  }
  console.log(`\nreport and plot: ${join(folder, "synchrony.{json,svg}")}`);
  for (const failure of failures) console.log(`limit broken: ${failure}`);
  return failures.length > 0 ? 1 : 0;
}

/** The runs with limits, if there are any: the others are informational. */
function pictured(reports: readonly Report[]): readonly Report[] {
  const judged = reports.filter(({ plan }) => Object.keys(plan.limits).length > 0);
  return judged.length > 0 ? judged : reports;
}

function ask(): Options | "help" {
  try {
    // The runner passes its own separator on.
    return readOptions(process.argv.slice(2).filter((each) => each !== "--"));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const asked = ask();
if (asked === "help") console.log(USAGE);
process.exit(asked === "help" ? 0 : await measure(asked));
