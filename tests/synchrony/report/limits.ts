/** What a run has to keep to, and whether it did. */

import type { Report } from "./report";

/** Those that are absent do not count. */
export interface Limits {
  /** The 99th percentiles over all pairs of pages. */
  readonly timelineMs?: number;
  readonly onsetMs?: number;
  /** Publications. */
  readonly late?: number;
  /** Of the frames, those whose clock was within its own bound, at least. */
  readonly boundShare?: number;
}

const WORDS: Readonly<Record<string, keyof Limits>> = {
  timeline: "timelineMs",
  onset: "onsetMs",
  late: "late",
  bound: "boundShare",
};

/** `timeline=2,onset=25,late=0,bound=0.999`, any of them. */
export function parseLimits(text: string): Limits {
  const limits: { -readonly [Key in keyof Limits]: number } = {};
  for (const each of text.split(",").filter(Boolean)) {
    const [word = "", value = ""] = each.split("=");
    const key = WORDS[word.trim()];
    if (key === undefined || value === "" || !Number.isFinite(Number(value)))
      throw new Error(`cannot require \`${each}\`; it is ${Object.keys(WORDS).join(", ")} and a number`);
    limits[key] = Number(value);
  }
  return limits;
}

/** Each limit that was not kept, in words. A figure that could not be taken keeps no limit. */
export function broken(report: Report, limits: Limits): string[] {
  const { timelineSkew, onsetSkew, late, clock } = report;
  const said: string[] = [];
  const atMost = (what: string, value: number, most: number | undefined, unit: string) => {
    if (most !== undefined && !(value <= most))
      said.push(`${what} ${short(value)}${unit}, at most ${most}${unit}`);
  };
  atMost("timeline skew, p99,", timelineSkew.pairs.p99, limits.timelineMs, " ms");
  atMost("late publications", late.count, limits.late, "");
  if (limits.onsetMs !== undefined && onsetSkew.isVoid) said.push("onset skew void: a page drew too seldom");
  else atMost("onset skew, p99,", onsetSkew.pairs.p99, limits.onsetMs, " ms");
  if (limits.boundShare !== undefined && !(clock.withinBoundShare >= limits.boundShare))
    said.push(`clocks within their bound ${short(clock.withinBoundShare)}, at least ${limits.boundShare}`);
  return said;
}

/** To the thousandth, where the limits are. */
function short(value: number): number {
  return Math.round(value * 1000) / 1000;
}
