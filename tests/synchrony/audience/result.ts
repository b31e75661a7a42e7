/** The results of a run as plain data, as in the JSON file, and which claims they do not meet. */

import type { Distribution } from "../figures/distribution";
import { isWithinABucket, type QuantileAgreement } from "./agreement";
import type { Coverage, Uncovered } from "./coverage";
import type { AudienceOptions } from "./options";

/** What the tool itself cost, because a tool that is overloaded adds further delays. */
export interface ToolLoad {
  /** Of one core. */
  readonly cpuShare: number;
  /** How late the event loop ran, in milliseconds. */
  readonly loopDelay: Pick<Distribution, "p50" | "p99" | "max">;
}

export interface AudienceResult {
  readonly options: AudienceOptions;
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly coverage: Coverage;
  readonly uncovered: readonly Uncovered[];
  /** How far the two measurements of the hub's clock, before and after, are apart in milliseconds. */
  readonly referenceShiftMs: number;
  /** The delays applied to messages, in milliseconds. */
  readonly up: Distribution;
  readonly down: Distribution;
  /** Reports sent by the viewers, and counted by the hub. */
  readonly sent: number;
  readonly counted: number;
  /** Viewers that have reported, and those that the topic's JSON counts. */
  readonly viewers: number;
  readonly reporting: number;
  readonly quantiles: readonly QuantileAgreement[];
  readonly load: ToolLoad;
}

const COVERED_LEAST = 0.99;
/** With more, the delays of timers would say more about the machine than about the paths. */
const CPU_MOST = 0.8;
const LOOP_DELAY_P99_MOST_MS = 50;
/** The shortest paths have bounds of this size, so the truth has to be known better than that. */
const REFERENCE_MOST_MS = 1;

/** Returns each claim that is not met, in words. A figure that could not be measured does not meet its claim. */
export function unmetClaims(result: AudienceResult): string[] {
  const { coverage, quantiles, sent, counted, viewers, reporting, options, load } = result;
  const unmet: string[] = [];
  const claim = (isMet: boolean, otherwise: string) => isMet || unmet.push(otherwise);
  claim(
    coverage.share >= COVERED_LEAST,
    `the bound covers the error in ${(coverage.share * 100).toFixed(2)} % of the reports, not in 99 %`,
  );
  for (const each of quantiles)
    claim(
      isWithinABucket(each),
      `${each.figure}, quantile ${each.share}: ${each.reported} reported, ${each.exportedBound} exported`,
    );
  claim(sent > 0 && sent === counted, `${sent} reports sent, ${counted} counted by the hub`);
  claim(viewers === options.viewers, `${viewers} of ${options.viewers} viewers have reported`);
  claim(viewers === reporting, `${viewers} viewers have reported, ${reporting} in the topic's audience`);
  const known = Math.max(coverage.referenceMs, result.referenceShiftMs);
  claim(known <= REFERENCE_MOST_MS, `the hub's clock is known to ${known} ms only`);
  claim(load.cpuShare <= CPU_MOST, `the tool was overloaded: ${load.cpuShare.toFixed(2)} of a core`);
  claim(
    load.loopDelay.p99 <= LOOP_DELAY_P99_MOST_MS,
    `the tool was overloaded: its event loop ran ${load.loopDelay.p99} ms late`,
  );
  return unmet;
}
