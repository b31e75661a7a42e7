/** Computes the figures of a report from the collected data. Arithmetic only, apart from looking up the machine. */

import { execFileSync } from "node:child_process";
import { cpus, loadavg, release } from "node:os";
import { seeded } from "../../../web/tests/samples";
import { clockAccuracy, framesPerSecond, type HubTime, lateness } from "../figures/accuracy";
import { curve, distribution } from "../figures/distribution";
import type { TimeSpan } from "../figures/page_trace";
import { arrivalSkew, onsetSkew, type Skew, timelineSkew } from "../figures/skew";
import type { PageResult } from "../measured_page";
import type { RunPlan } from "../options";
import type { Path } from "../path/delay_model";
import type { AppliedDelays } from "../path/delay_queue";
import type { ClockOffset } from "../reference_clock";
import { FRAMES_LEAST, type Report, type SkewFigures } from "./report";

export interface RunResult {
  readonly plan: RunPlan;
  readonly seed: number;
  /** The time span judged, on the tool's clock. */
  readonly span: TimeSpan;
  readonly hub: ClockOffset;
  readonly results: readonly PageResult[];
  /** One per page. */
  readonly applied: readonly {
    readonly asked: Path;
    readonly up: AppliedDelays;
    readonly down: AppliedDelays;
  }[];
  /** Load average at the start of the run. */
  readonly load: number;
  readonly chromium: string;
}

/** Enough for a 99th percentile that does not depend on a single instant. */
const INSTANTS = 5_000;

export function buildReport({ plan, seed, span, hub, results, applied, load, chromium }: RunResult): Report {
  const pages = results.map(({ seen }) => seen);
  const hubTime: HubTime = (at) => at - hub.origin;
  const rates = pages.map((page) => framesPerSecond(page, span));
  const isVoid = Math.min(...rates) < FRAMES_LEAST;
  return {
    plan,
    seed,
    pages: pages.length,
    date: new Date().toISOString(),
    commit: commit(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}`,
    chromium,
    node: process.version,
    load: [load, loadavg()[0] as number],
    judgedSeconds: (span.to - span.from) / 1000,
    delayMs: pages[0]?.frames.delayMs.at(-1) ?? Number.NaN,
    timelineSkew: figures(timelineSkew(pages, instantsIn(span, seeded(seed)))),
    onsetSkew: { ...figures(onsetSkew(pages, span)), isVoid },
    arrivalSkew: figures(arrivalSkew(pages, span)),
    late: latenessOf(results, span, hubTime),
    clock: clockOf(results, span, hub),
    framesPerSecond: rates,
    paths: applied.map(({ asked, up, down }) => ({
      asked,
      up: distribution(up.delays),
      down: distribution(down.delays),
      excess: distribution([...up.excesses, ...down.excesses]),
    })),
  };
}

function* instantsIn({ from, to }: TimeSpan, random: () => number): Generator<number> {
  for (let i = 0; i < INSTANTS; i += 1) yield from + random() * (to - from);
}

function figures({ pairs, spreads }: Skew): SkewFigures {
  return { pairs: distribution(pairs), all: distribution(spreads), curve: curve(pairs) };
}

function latenessOf(results: readonly PageResult[], span: TimeSpan, hubTime: HubTime): Report["late"] {
  let [count, publications, toldByPages] = [0, 0, 0];
  for (const { seen } of results) {
    const of = lateness(seen, span, hubTime);
    count += of.late;
    publications += of.publications;
    toldByPages += of.countedByPage;
  }
  return { count, publications, share: count / publications, toldByPages };
}

function clockOf(results: readonly PageResult[], span: TimeSpan, hub: ClockOffset): Report["clock"] {
  const errors: number[] = [];
  let withinBound = 0;
  const toleranceMs = hub.boundMs + Math.max(...results.map(({ bearing }) => bearing.boundMs));
  for (const { seen } of results) {
    const kept = clockAccuracy(seen, span, (at) => at - hub.origin, toleranceMs);
    for (const error of kept.errors) errors.push(error);
    withinBound += kept.withinBound;
  }
  return { error: distribution(errors), withinBoundShare: withinBound / errors.length, toleranceMs };
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, { encoding: "utf8", cwd: import.meta.dirname }).trim();
  try {
    // Reports and plots of earlier runs do not affect the measurement.
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/docs") !== "";
    return git("rev-parse", "--short", "HEAD") + (changed ? ", changed" : "");
  } catch {
    return "unknown";
  }
}
