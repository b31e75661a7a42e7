/** The results for the terminal. */

import type { Distribution } from "../figures/distribution";
import type { QuantileAgreement } from "./agreement";
import type { AudienceResult } from "./result";

export function tableOf(result: AudienceResult): string[] {
  const { coverage, load, options, quantiles } = result;
  return [
    `${options.viewers} viewers, ${options.seconds} s, ${coverage.reports} reports`,
    `  bound covers the error  ${(coverage.share * 100).toFixed(3)} % (${coverage.covered} of ${coverage.reports}), ` +
      `the hub's clock being known to ${coverage.referenceMs.toFixed(3)} ms`,
    "                               p50       p99       max",
    row("true error (ms)", coverage.error),
    row("reported bound (ms)", coverage.bound),
    row("error / bound", coverage.used),
    row("delay up (ms)", result.up),
    row("delay down (ms)", result.down),
    row("event loop late (ms)", load.loopDelay),
    `  CPU of the tool         ${(load.cpuShare * 100).toFixed(0)} % of a core`,
    `  reports                 ${result.sent} sent, ${result.counted} counted; ${result.reporting} viewers reporting`,
    "  exported quantiles                        share   reported   exported up to   buckets apart",
    ...quantiles.map(quantileRow),
  ];
}

function row(what: string, { p50, p99, max }: Pick<Distribution, "p50" | "p99" | "max">): string {
  return `  ${what.padEnd(22)}${[p50, p99, max].map((value) => value.toFixed(3).padStart(10)).join("")}`;
}

function quantileRow(of: QuantileAgreement): string {
  const { figure, share, reported, exportedBound, reportedBucket, exportedBucket } = of;
  const numbers = [share.toFixed(2).padStart(9), reported.toPrecision(4).padStart(11)];
  numbers.push(String(exportedBound).padStart(17), String(exportedBucket - reportedBucket).padStart(16));
  return `    ${figure.padEnd(36)}${numbers.join("")}`;
}
