/** The summary of a run for the terminal. */

import type { Distribution } from "../figures/distribution";
import type { Report, SkewFigures } from "./report";

export function titleOf({ plan }: Report): string {
  return `${plan.profile}, delay ${plan.delay}${plan.restart ? ", through a restart" : ""}`;
}

export function linesOf(report: Report): string[] {
  const { timelineSkew, onsetSkew, arrivalSkew, late, clock, framesPerSecond, load } = report;
  const rates = framesPerSecond.map((rate) => rate.toFixed(0)).join(" ");
  return [
    titleOf(report),
    `                  p50     p99     max   all pages p99   (ms)`,
    row("timeline skew", timelineSkew),
    row(`onset skew${onsetSkew.isVoid ? ", void" : ""}`, onsetSkew),
    row("arrival skew", arrivalSkew),
    `  late            ${late.count} of ${late.publications} publications (${percent(late.share)})`,
    `  clocks          ${percent(clock.withinBoundShare)} within their bound; error ${three(clock.error)}`,
    `  frames/s        ${rates}; load ${load.map((of) => of.toFixed(1)).join(" to ")}`,
  ];
}

function row(what: string, { pairs, all }: SkewFigures): string {
  return `  ${what.padEnd(14)}${three(pairs)}  ${number(all.p99)}`;
}

function three({ p50, p99, max }: Distribution): string {
  return [p50, p99, max].map(number).join("");
}

function number(value: number): string {
  return value.toFixed(2).padStart(8);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`;
}
