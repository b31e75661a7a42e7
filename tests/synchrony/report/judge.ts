/** From what everyone has seen to the figures of a report. Arithmetic only, apart from asking what machine this is. */

import { execFileSync } from "node:child_process";
import { cpus, loadavg, release } from "node:os";
import { seeded } from "../../../web/tests/random";
import type { Testimony } from "../audience";
import { curve, distribution } from "../figures/distribution";
import { clockKeeping, framesPerSecond, type HubTime, lateness } from "../figures/keeping";
import type { Span } from "../figures/seen";
import { arrivalSkew, onsetSkew, type Skew, timelineSkew } from "../figures/skew";
import type { RunPlan } from "../options";
import type { Path } from "../path/law";
import type { Applied } from "../path/way";
import type { Bearing } from "../truth";
import { FRAMES_LEAST, type Report, type SkewFigures } from "./report";

export interface Evidence {
  readonly plan: RunPlan;
  readonly seed: number;
  /** What of the run is judged, on the tool's clock. */
  readonly span: Span;
  readonly hub: Bearing;
  readonly testimonies: readonly Testimony[];
  /** One a page. */
  readonly applied: readonly { readonly asked: Path; readonly up: Applied; readonly down: Applied }[];
  /** As the run began. */
  readonly load: number;
  readonly chromium: string;
}

/** Enough for a 99th percentile that does not hang on one instant. */
const INSTANTS = 5_000;

export function judge({ plan, seed, span, hub, testimonies, applied, load, chromium }: Evidence): Report {
  const pages = testimonies.map(({ seen }) => seen);
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
    late: latenessOf(testimonies, span, hubTime),
    clock: clockOf(testimonies, span, hub),
    framesPerSecond: rates,
    paths: applied.map(({ asked, up, down }) => ({
      asked,
      up: distribution(up.delays),
      down: distribution(down.delays),
      excess: distribution([...up.excesses, ...down.excesses]),
    })),
  };
}

function* instantsIn({ from, to }: Span, random: () => number): Generator<number> {
  for (let i = 0; i < INSTANTS; i += 1) yield from + random() * (to - from);
}

function figures({ pairs, spreads }: Skew): SkewFigures {
  return { pairs: distribution(pairs), all: distribution(spreads), curve: curve(pairs) };
}

function latenessOf(testimonies: readonly Testimony[], span: Span, hubTime: HubTime): Report["late"] {
  let [count, publications, toldByPages] = [0, 0, 0];
  for (const { seen } of testimonies) {
    const of = lateness(seen, span, hubTime);
    count += of.late;
    publications += of.publications;
    toldByPages += of.told;
  }
  return { count, publications, share: count / publications, toldByPages };
}

function clockOf(testimonies: readonly Testimony[], span: Span, hub: Bearing): Report["clock"] {
  const errors: number[] = [];
  let withinBound = 0;
  const toleranceMs = hub.boundMs + Math.max(...testimonies.map(({ bearing }) => bearing.boundMs));
  for (const { seen } of testimonies) {
    const kept = clockKeeping(seen, span, (at) => at - hub.origin, toleranceMs);
    for (const error of kept.errors) errors.push(error);
    withinBound += kept.withinBound;
  }
  return { error: distribution(errors), withinBoundShare: withinBound / errors.length, toleranceMs };
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, { encoding: "utf8", cwd: import.meta.dirname }).trim();
  try {
    // Reports and pictures of earlier runs change nothing that is measured.
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/docs") !== "";
    return git("rev-parse", "--short", "HEAD") + (changed ? ", changed" : "");
  } catch {
    return "unknown";
  }
}
