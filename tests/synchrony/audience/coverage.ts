/** Whether the bounds that viewers report cover the true errors of their clocks. */

import { type Distribution, distribution } from "../figures/distribution";
import type { ClockOffset } from "../reference_clock";
import type { ViewerSetup } from "./population";
import type { SentReport } from "./viewer";

export interface Coverage {
  readonly reports: number;
  readonly covered: number;
  /** Covered reports of all reports; 0 without any. */
  readonly share: number;
  /** How well the truth itself is known; at its edge least favourable to the viewer, every report is judged. */
  readonly referenceMs: number;
  readonly error: Distribution;
  readonly bound: Distribution;
  /** The error as a share of its bound. */
  readonly used: Distribution;
}

/** A report whose bound does not cover the error, and the viewer that sent it. */
export interface Uncovered {
  readonly setup: ViewerSetup;
  /** The report's place among those of the viewer, from 0. */
  readonly index: number;
  readonly errorMs: number;
  readonly boundMs: number;
}

/** `hub` is the hub's clock on the true time. */
export function coverage(reports: readonly SentReport[], hub: ClockOffset): Coverage {
  const errors = reports.map((report) => errorMs(report, hub));
  const bounds = reports.map(boundMs);
  const covered = errors.filter((error, i) => error + hub.boundMs <= (bounds[i] as number)).length;
  return {
    reports: reports.length,
    covered,
    share: reports.length > 0 ? covered / reports.length : 0,
    referenceMs: hub.boundMs,
    error: distribution(errors),
    bound: distribution(bounds),
    used: distribution(errors.map((error, i) => error / (bounds[i] as number))),
  };
}

interface JudgedViewer {
  readonly setup: ViewerSetup;
  readonly reports: readonly SentReport[];
}

export function uncovered(viewers: readonly JudgedViewer[], hub: ClockOffset): Uncovered[] {
  return viewers.flatMap(({ setup, reports }) =>
    reports
      .map((sent, index) => ({ setup, index, errorMs: errorMs(sent, hub), boundMs: boundMs(sent) }))
      .filter((each) => each.errorMs + hub.boundMs > each.boundMs),
  );
}

function errorMs({ hubTime, trueTime }: SentReport, hub: ClockOffset): number {
  return Math.abs(hubTime - (trueTime - hub.origin));
}

function boundMs({ report }: SentReport): number {
  return report.bound_us / 1000;
}
