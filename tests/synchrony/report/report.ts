/** What one run found, as plain data: the form of the JSON file. Milliseconds throughout, unless a name says otherwise. */

import type { Distribution } from "../figures/distribution";
import type { RunPlan } from "../options";
import type { Path } from "../path/law";

export interface SkewFigures {
  readonly pairs: Distribution;
  /** Between the first and the last of all pages. */
  readonly all: Distribution;
  /** Quantiles of `pairs` at equal steps, the last the maximum. */
  readonly curve: readonly number[];
}

export interface Applied {
  readonly asked: Path;
  readonly up: Distribution;
  readonly down: Distribution;
  /** By how much the proxy was later than it meant to be. */
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
  /** Of the machine over the last minute, as the run began and as it ended. */
  readonly load: readonly [number, number];
  readonly judgedSeconds: number;
  /** The group's, as the pages were told. */
  readonly delayMs: number;
  readonly timelineSkew: SkewFigures;
  /** Void when a page drew fewer than 50 frames a second: then it says more of the machine than of the page. */
  readonly onsetSkew: SkewFigures & { readonly isVoid: boolean };
  /** What the onset would be if pages drew on arrival. */
  readonly arrivalSkew: SkewFigures;
  readonly late: {
    readonly count: number;
    readonly publications: number;
    readonly share: number;
    /** By the pages' own count. */
    readonly toldByPages: number;
  };
  readonly clock: {
    readonly error: Distribution;
    readonly withinBoundShare: number;
    /** How well the truth is known: added to every bound before it is judged. */
    readonly toleranceMs: number;
  };
  readonly framesPerSecond: readonly number[];
  readonly paths: readonly Applied[];
}

/** Below this onset skew is void. */
export const FRAMES_LEAST = 50;
