/**
 * Checks what viewers report about their clocks: simulated viewers, each with the page's own estimate of the hub's time,
 * a clock that is wrong and a path whose directions differ, report to a real hub. The tool knows each viewer's true
 * error. Run it with `make audience`; `docs/synchrony.md` explains the figures.
 *
 * Exit code 1 means that a claim was not met, 2 that the arguments are invalid.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type AudienceOptions, readOptions, USAGE } from "./options";
import { unmetClaims } from "./result";
import { runAudience } from "./run";
import { tableOf } from "./table";

const ROOT = resolve(import.meta.dirname, "../../..");

async function measure(options: AudienceOptions): Promise<number> {
  const result = await runAudience(options);
  const unmet = unmetClaims(result);
  const folder = resolve(ROOT, options.out);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "audience.json");
  writeFileSync(file, `${JSON.stringify({ ...result, unmet }, undefined, 1)}\n`);
  console.log(`${tableOf(result).join("\n")}\n\nresults: ${file}`);
  for (const each of unmet) console.log(`claim not met: ${each}`);
  return unmet.length > 0 ? 1 : 0;
}

function ask(): AudienceOptions | "help" {
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
