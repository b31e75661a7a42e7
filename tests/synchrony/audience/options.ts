/** Command line options. */

import { parseArgs } from "node:util";

export interface AudienceOptions {
  readonly viewers: number;
  /** How long the viewers report, once all have joined. */
  readonly seconds: number;
  /** The time over which they join. */
  readonly join: number;
  readonly seed: number;
  readonly out: string;
}

export const USAGE = `usage: make audience [ARGS='…']

  --viewers 1000   simulated viewers
  --join 30        seconds over which they join
  --seconds 120    how long they report, once all have joined; at least 30
  --seed 1         seed of the random numbers
  --out FOLDER     folder for audience.json; target/synchrony if not given`;

/** Parses the options; throws an error that describes what is wrong. */
export function readOptions(args: readonly string[]): AudienceOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      viewers: { type: "string", default: "1000" },
      seconds: { type: "string", default: "120" },
      join: { type: "string", default: "30" },
      seed: { type: "string", default: "1" },
      out: { type: "string", default: "target/synchrony" },
    },
  });
  if (values.help) return "help";
  return {
    viewers: count("viewers", values.viewers, 1),
    seconds: count("seconds", values.seconds, 30),
    join: count("join", values.join, 1),
    seed: count("seed", values.seed, 0),
    out: values.out,
  };
}

function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`\`--${name} ${text}\` is not a whole number from ${least} up`);
  return value;
}
