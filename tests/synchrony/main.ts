/**
 * Measures how well the screens keep together: a hub, a browser process for each page, a slow and jittery path between
 * them, and clocks that are wrong. `make synchrony` starts it. What the figures mean stands in the README.
 *
 * It exits with 1 when a limit is not kept, with 2 when it was asked for something it does not know.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Options, readOptions, USAGE } from "./options";
import { broken } from "./report/limits";
import { linesOf, titleOf } from "./report/lines";
import { draw } from "./report/picture";
import type { Report } from "./report/report";
import { conduct } from "./run";

const ROOT = resolve(import.meta.dirname, "../..");

async function measure({ runs, pages, seed, out }: Options): Promise<number> {
  const folder = resolve(ROOT, out);
  mkdirSync(folder, { recursive: true });
  const reports: Report[] = [];
  const failures: string[] = [];
  for (const plan of runs) {
    console.error(`${plan.profile}, delay ${plan.delay}: ${pages} pages, ${plan.seconds} s …`);
    const report = await conduct(plan, pages, seed);
    reports.push(report);
    console.log(linesOf(report).join("\n"));
    for (const each of broken(report, plan.limits)) failures.push(`${titleOf(report)}: ${each}`);
    // After every run: an hour that ends in a failure still leaves what it found.
    writeFileSync(join(folder, "synchrony.json"), `${JSON.stringify(reports, undefined, 1)}\n`);
    writeFileSync(join(folder, "synchrony.svg"), draw(pictured(reports)));
  }
  console.log(`\nreport and picture: ${join(folder, "synchrony.{json,svg}")}`);
  for (const failure of failures) console.log(`not kept: ${failure}`);
  return failures.length > 0 ? 1 : 0;
}

/** Where some runs have something to keep and others are for information, the former. */
function pictured(reports: readonly Report[]): readonly Report[] {
  const judged = reports.filter(({ plan }) => Object.keys(plan.limits).length > 0);
  return judged.length > 0 ? judged : reports;
}

function ask(): Options | "help" {
  try {
    // The runner hands on its own separator.
    return readOptions(process.argv.slice(2).filter((each) => each !== "--"));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const asked = ask();
if (asked === "help") console.log(USAGE);
process.exit(asked === "help" ? 0 : await measure(asked));
