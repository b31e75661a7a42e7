/** The results of one run as plain data, as in the JSON file. Milliseconds throughout, unless a name says otherwise. */

import type { Distribution } from "../figures/distribution";
import type { RunPlan } from "../options";
import type { Path } from "../path/delay_model";

export interface SkewFigures {
  readonly pairs: Distribution;
  /** Between the first and the last of all pages. */
  readonly all: Distribution;
  /** Quantiles of `pairs` at equal steps; the last is the maximum. */
  readonly curve: readonly number[];
}

export interface PathReport {
  readonly asked: Path;
  readonly up: Distribution;
  readonly down: Distribution;
  /** How much later than intended the proxy forwarded data. */
  readonly excess: Distribution;
}

export interface Report {
  readonly plan: RunPlan;
  readonly seed: number;
  readonly pages: number;
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly chromium: string;
  readonly node: string;
  /** Load average over the last minute, at the start and the end of the run. */
  readonly load: readonly [number, number];
  readonly judgedSeconds: number;
  /** The playout delay that the pages received. */
  readonly delayMs: number;
  readonly timelineSkew: SkewFigures;
  /** Void if a page drew fewer than 50 frames a second: it then says more about the machine than about the page. */
  readonly onsetSkew: SkewFigures & { readonly isVoid: boolean };
  /** What onset skew would be if pages drew on arrival. */
  readonly arrivalSkew: SkewFigures;
  readonly late: {
    readonly count: number;
    readonly publications: number;
    readonly share: number;
    /** As counted by the pages. */
    readonly toldByPages: number;
  };
  readonly clock: {
    readonly error: Distribution;
    readonly withinBoundShare: number;
    /** Accuracy of the reference clock; added to every bound before it is judged. */
    readonly toleranceMs: number;
  };
  readonly framesPerSecond: readonly number[];
  readonly paths: readonly PathReport[];
}

/** Minimum frame rate; below it onset skew is void. */
export const FRAMES_LEAST = 50;
