/** Command line options. Without a profile the whole programme runs, each run with its own limits. */

import { parseArgs } from "node:util";
import { isProfile, PROFILES, type ProfileName } from "./profiles";
import { type Limits, parseLimits } from "./report/limits";

/** One run: the network, the duration, and the limits. Seconds count from when every page draws. */
export interface RunPlan {
  readonly profile: ProfileName;
  /** The topic's delay in configuration syntax. */
  readonly delay: string;
  readonly seconds: number;
  /** Start of the judged time span in seconds. */
  readonly from: number;
  /** Kill the hub halfway, restart it, and judge from 5 s after that. */
  readonly restart: boolean;
  readonly limits: Limits;
}

export interface Options {
  readonly runs: readonly RunPlan[];
  readonly pages: number;
  readonly seed: number;
  readonly out: string;
}

export const USAGE = `usage: make synchrony [ARGS='…']

  --profile NAME   one run instead of the whole programme: ${Object.keys(PROFILES).join(", ")}
  --delay 400ms    the topic's delay; auto if not given
  --seconds 60     how long a run takes, once every page draws
  --from 5         seconds to skip before judging; mobile: 60
  --restart        kill the hub halfway; judge from 5 s after it is back
  --require LIST   fail unless met: timeline=MS,onset=MS (99th percentiles), late=COUNT, bound=SHARE
  --pages 6        browsers, at least 2
  --seed 1         seed of the random numbers
  --out FOLDER     folder for report and plot; target/synchrony if not given`;

/** Time for clocks to slew and, on mobile networks, for rare fast packets to arrive. */
const FROM: Readonly<Record<ProfileName, number>> = { lan: 5, broadband: 5, mobile: 60 };

/** The guarantees per network. Lateness at the automatic delay is reported, not guaranteed. */
const PROMISED = { onsetMs: 25, boundShare: 0.999 };
const PROGRAMME: readonly RunPlan[] = [
  run("lan", "auto", 60, { ...PROMISED, timelineMs: 2, late: 0 }),
  run("broadband", "400ms", 60, { ...PROMISED, timelineMs: 5, late: 0 }),
  run("mobile", "600ms", 150, { ...PROMISED, timelineMs: 5, late: 0 }),
  run("lan", "auto", 60, { ...PROMISED, timelineMs: 2, late: 0 }, true),
  run("broadband", "auto", 30, {}),
  { ...run("mobile", "auto", 30, {}), from: 5 },
];

function run(profile: ProfileName, delay: string, seconds: number, limits: Limits, restart = false): RunPlan {
  return { profile, delay, seconds, from: FROM[profile], restart, limits };
}

/** Parses the options; throws an error that describes what is wrong. */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      profile: { type: "string" },
      delay: { type: "string", default: "auto" },
      seconds: { type: "string" },
      from: { type: "string" },
      restart: { type: "boolean", default: false },
      require: { type: "string", default: "" },
      pages: { type: "string", default: "6" },
      seed: { type: "string", default: "1" },
      out: { type: "string", default: "target/synchrony" },
    },
  });
  if (values.help) return "help";
  const { profile, delay, restart, out } = values;
  const common = { pages: count("pages", values.pages, 2), seed: count("seed", values.seed, 0), out };
  if (profile === undefined) return { ...common, runs: PROGRAMME };
  if (!isProfile(profile)) throw new Error(`unknown profile \`${profile}\``);
  const from = count("from", values.from ?? String(FROM[profile]), 0);
  const seconds = count("seconds", values.seconds ?? String(from + 55), 1);
  // After a restart, judging starts 5 s later at the earliest.
  const latest = Math.max(from, restart ? seconds / 2 + 5 : 0);
  if (seconds <= latest) throw new Error(`\`--seconds ${seconds}\` leaves nothing to judge`);
  return {
    ...common,
    runs: [{ profile, delay, seconds, from, restart, limits: parseLimits(values.require) }],
  };
}

function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`\`--${name} ${text}\` is not a whole number from ${least} up`);
  return value;
}
