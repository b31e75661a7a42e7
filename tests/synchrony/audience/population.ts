/** Random viewers: each has a clock that is wrong and drifts, and a path whose two directions differ. */

import type { JitterModel, JitterPath } from "../path/jitter";

/** A viewer's clocks on the true time, both of which drift alike. */
export interface WrongClock {
  /** Page time and wall clock minus true time, at true time 0. */
  readonly pageShiftMs: number;
  readonly wallShiftMs: number;
  /** 200e-6 is 200 ppm fast. */
  readonly drift: number;
}

export interface ViewerSetup {
  readonly clock: WrongClock;
  readonly path: JitterPath;
  /** Seed of everything that is random afterwards. */
  readonly seed: number;
}

/** The greatest drift: four times that of usual clocks. */
export const DRIFT_MAX = 200e-6;
const PAGE_SHIFT_MS = 1_000_000;
const WALL_SHIFT_MS = 10_000;
/** Any will do: only changes of the wall clock matter. */
const WALL_EPOCH_MS = 1_700_000_000_000;
/** Of the minimum delay of a direction; short ones are as frequent as long ones, on a logarithmic scale. */
const FLOOR_MS = [1, 80] as const;
/** Every tenth viewer is on the hub's own network. */
const LOCAL_SHARE = 0.1;
const LOCAL_FLOOR_MS = [0.1, 1] as const;

export function drawViewers(count: number, random: () => number): ViewerSetup[] {
  return Array.from({ length: count }, () => {
    const isLocal = random() < LOCAL_SHARE;
    const direction = () => (isLocal ? localDirection(random) : farDirection(random));
    return { clock: drawClock(random), path: { up: direction(), down: direction() }, seed: seedOf(random) };
  });
}

export function pageTime({ pageShiftMs, drift }: WrongClock, trueTime: number): number {
  return pageShiftMs + trueTime * (1 + drift);
}

export function wallTime({ wallShiftMs, drift }: WrongClock, trueTime: number): number {
  return Math.floor(wallShiftMs + trueTime * (1 + drift));
}

function drawClock(random: () => number): WrongClock {
  const even = () => 2 * random() - 1;
  const wallShiftMs = WALL_EPOCH_MS + WALL_SHIFT_MS * even();
  return { pageShiftMs: PAGE_SHIFT_MS * (1 + even()), wallShiftMs, drift: DRIFT_MAX * even() };
}

function farDirection(random: () => number): JitterModel {
  const floorMs = logUniform(FLOOR_MS, random);
  return {
    floorMs,
    sigmaMs: floorMs * logUniform([0.05, 0.5], random),
    tailShare: 0.05 * random(),
    tailMs: 10,
    burstMs: 80 * random(),
    burstLengthMs: logUniform([500, 5_000], random),
    burstEveryMs: logUniform([5_000, 60_000], random),
  };
}

function localDirection(random: () => number): JitterModel {
  const floorMs = logUniform(LOCAL_FLOOR_MS, random);
  const calm = { tailShare: 0.01, tailMs: 2, burstMs: 2, burstLengthMs: 500, burstEveryMs: 30_000 };
  return { floorMs, sigmaMs: 0.1, ...calm };
}

function logUniform([least, most]: readonly [number, number], random: () => number): number {
  return least * (most / least) ** random();
}

function seedOf(random: () => number): number {
  return Math.floor(random() * 2 ** 32);
}
