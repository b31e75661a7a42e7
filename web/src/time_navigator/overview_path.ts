/** Draws the columns of an overview as a band between their least and greatest values. */

import { isFlat } from "../chart/auto_range";
import type { OverviewPoint } from "./overview_columns";

/** The part of a canvas that is used here. */
export interface PathSink {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
}

export interface BandPlace {
  /** Maps an instant to a coordinate. */
  readonly x: (instant: number) => number;
  readonly top: number;
  readonly bottom: number;
}

const DOT_PX = 1.5;

/** Adds the band to the current path; the values fill the height from `top` to `bottom`. */
export function traceBand(pen: PathSink, points: readonly OverviewPoint[], place: BandPlace): void {
  const { low, high } = extremesOf(points);
  const height = place.bottom - place.top;
  // Halves, because the difference of two large numbers may be infinite.
  const y = (value: number) =>
    isFlat(low, high)
      ? place.top + height / 2
      : place.bottom - ((value / 2 - low / 2) / (high / 2 - low / 2)) * height;
  for (const run of runsOf(points)) traceRun(pen, run, place.x, y);
}

function traceRun(
  pen: PathSink,
  run: readonly OverviewPoint[],
  x: (instant: number) => number,
  y: (value: number) => number,
): void {
  const first = run[0] as OverviewPoint;
  // A single value is drawn as a dot: a line without a length would not be visible.
  const radius = run.length === 1 ? DOT_PX / 2 : 0;
  pen.moveTo(x(first.at) - radius, y(first.high));
  pen.lineTo(x(first.at) + radius, y(first.high));
  for (const { at, high } of run.slice(1)) pen.lineTo(x(at), y(high));
  for (const { at, low } of [...run].reverse()) pen.lineTo(x(at), y(low));
  pen.closePath();
}

function extremesOf(points: readonly OverviewPoint[]): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const point of points) [low, high] = [Math.min(low, point.low), Math.max(high, point.high)];
  return { low, high };
}

/** The stretches without a break. */
function runsOf(points: readonly OverviewPoint[]): OverviewPoint[][] {
  const runs: OverviewPoint[][] = [];
  let isDown = false;
  for (const point of points) {
    if (point.isBroken) isDown = false;
    if (point.low > point.high) continue;
    if (isDown) runs.at(-1)?.push(point);
    else runs.push([point]);
    isDown = true;
  }
  return runs;
}
