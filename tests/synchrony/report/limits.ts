/** The limits of a run, and whether they were met. */

import type { Report } from "./report";

/** Limits that are absent are not checked. */
export interface Limits {
  /** 99th percentiles over all pairs of pages. */
  readonly timelineMs?: number;
  readonly onsetMs?: number;
  /** Number of late publications. */
  readonly late?: number;
  /** Minimum share of frames whose clock was within its own bound. */
  readonly boundShare?: number;
}

const KEYS: Readonly<Record<string, keyof Limits>> = {
  timeline: "timelineMs",
  onset: "onsetMs",
  late: "late",
  bound: "boundShare",
};

/** Parses any of `timeline=2,onset=25,late=0,bound=0.999`. */
export function parseLimits(text: string): Limits {
  const limits: { -readonly [Key in keyof Limits]: number } = {};
  for (const each of text.split(",").filter(Boolean)) {
    const [word = "", value = ""] = each.split("=");
    const key = KEYS[word.trim()];
    if (key === undefined || value === "" || !Number.isFinite(Number(value)))
      throw new Error(
        `cannot require \`${each}\`; use one of ${Object.keys(KEYS).join(", ")}, with a number`,
      );
    limits[key] = Number(value);
  }
  return limits;
}

/** Returns each broken limit in words. A figure that could not be measured breaks its limit. */
export function brokenLimits(report: Report, limits: Limits): string[] {
  const { timelineSkew, onsetSkew, late, clock } = report;
  const found: string[] = [];
  const atMost = (what: string, value: number, most: number | undefined, unit: string) => {
    if (most !== undefined && !(value <= most))
      found.push(`${what} ${short(value)}${unit}, at most ${most}${unit}`);
  };
  atMost("timeline skew, p99,", timelineSkew.pairs.p99, limits.timelineMs, " ms");
  atMost("late publications", late.count, limits.late, "");
  if (limits.onsetMs !== undefined && onsetSkew.isVoid)
    found.push("onset skew void: a page drew too few frames");
  else atMost("onset skew, p99,", onsetSkew.pairs.p99, limits.onsetMs, " ms");
  if (limits.boundShare !== undefined && !(clock.withinBoundShare >= limits.boundShare))
    found.push(`clocks within their bound ${short(clock.withinBoundShare)}, at least ${limits.boundShare}`);
  return found;
}

/** Rounds to thousandths, the precision of the limits. */
function short(value: number): number {
  return Math.round(value * 1000) / 1000;
}
