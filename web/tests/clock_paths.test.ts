/** The clock over simulated network paths: how far two pages are apart, and whether each knows its own error. */

import { expect, test } from "vitest";
import { seeded } from "./samples";
import { type ClockSample, type DirectionProfile, type Path, simulateClock } from "./simulated_paths";

/** One direction without its minimum delay. */
type Traffic = Omit<DirectionProfile, "floor">;
interface Profile {
  readonly up: Traffic;
  readonly down: Traffic;
}

const QUIET = { spikes: 0, spikeMax: 0 };
const LAN: Profile = { up: { queue: 0.3, ...QUIET }, down: { queue: 0.3, ...QUIET } };
const BROADBAND_SPIKES = { spikes: 0.03, spikeMax: 80 };
const BROADBAND: Profile = {
  up: { queue: 4, ...BROADBAND_SPIKES },
  down: { queue: 2, ...BROADBAND_SPIKES },
};
const MOBILE_SPIKES = { spikes: 0.08, spikeMax: 300 };
const MOBILE: Profile = { up: { queue: 30, ...MOBILE_SPIKES }, down: { queue: 10, ...MOBILE_SPIKES } };
const PROFILES = { LAN, BROADBAND, MOBILE };
const NAMES = ["LAN", "BROADBAND", "MOBILE"] as const;

const PAGES = 100;
const END_MS = 60_000;

/** A random page: minimum delays from 5 to 75 ms, a clock off by up to 1000 s that drifts by up to `ppm`. */
function somewhere({ up, down }: Profile, random: () => number, isSymmetric: boolean, ppm: number): Path {
  const floor = () => 5 + random() * 70;
  const toHub = floor();
  return {
    up: { floor: toHub, ...up },
    down: { floor: isSymmetric ? toHub : floor(), ...down },
    drift: (2 * random() - 1) * ppm,
    start: (2 * random() - 1) * 1_000_000,
  };
}

function pages(profile: Profile, isSymmetric: boolean, ppm = 50): { path: Path; samples: ClockSample[] }[] {
  return Array.from({ length: PAGES }, (_, seed) => {
    const random = seeded(seed + 1);
    const path = somewhere(profile, random, isSymmetric, ppm);
    return { path, samples: simulateClock(path, random, END_MS) };
  });
}

/** The 99th percentile of the distance between pairs of pages. */
function skew(errors: readonly number[]): number {
  const pairs = errors.flatMap((one, i) => errors.slice(0, i).map((other) => Math.abs(one - other)));
  return pairs.sort((a, b) => a - b)[Math.floor(pairs.length * 0.99)] ?? Number.NaN;
}

function errorAt(samples: readonly ClockSample[], at: number): number {
  return samples.find((sample) => sample.at >= at)?.error ?? Number.NaN;
}

/** Limits in milliseconds after one second, three seconds and a minute. */
const SKEW_MOST = { LAN: [0.5, 0.5, 0.5], BROADBAND: [2, 2, 1], MOBILE: [25, 10, 4] };

test.each(NAMES)("%s: two pages are close after a second, and closest after a minute", (name) => {
  const all = pages(PROFILES[name], true);
  const apart = [1_000, 3_000, END_MS].map((at) => skew(all.map(({ samples }) => errorAt(samples, at))));
  for (const [i, most] of SKEW_MOST[name].entries()) expect(apart[i]).toBeLessThan(most);
});

test.each(NAMES)("%s: time is known within a second", (name) => {
  for (const { samples } of pages(PROFILES[name], true)) expect(samples[0]?.at).toBeLessThan(1_000);
});

test.each(NAMES)(
  "%s: the error is within the page's own bound, on symmetric and asymmetric paths",
  (name) => {
    for (const isSymmetric of [true, false]) {
      const samples = pages(PROFILES[name], isSymmetric).flatMap((page) => page.samples);
      const outside = samples.filter(({ error, bound }) => Math.abs(error) > bound);
      expect(samples.length).toBeGreaterThan(PAGES * 1_100);
      expect(outside.length / samples.length).toBeLessThan(0.001);
    }
  },
);

test.each(NAMES)("%s: the bound also holds for a clock that NTP is correcting", (name) => {
  const samples = pages(PROFILES[name], false, 500).flatMap((page) => page.samples);
  const outside = samples.filter(({ error, bound }) => Math.abs(error) > bound);
  expect(samples.length).toBeGreaterThan(PAGES * 1_100);
  expect(outside.length / samples.length).toBeLessThan(0.001);
});

test("a path with almost no delay reveals an unusual drift, and the bound holds meanwhile", () => {
  const way: DirectionProfile = { floor: 0.05, queue: 0.1, ...QUIET };
  for (const drift of [-490, -200, 200, 490]) {
    const samples = simulateClock({ up: way, down: way, drift, start: 0 }, seeded(7), END_MS);
    expect(samples.filter(({ error, bound }) => Math.abs(error) > bound)).toEqual([]);
    expect(samples.at(-1)?.bound).toBeLessThan(1);
  }
});

test("the bound holds while the hub takes longer and longer to send to everybody, which looks like drift", () => {
  const way: DirectionProfile = { floor: 0.5, queue: 0.3, ...QUIET };
  for (const lateMs of [5, 20, 80])
    for (const drift of [-180, -50, 50, 180]) {
      const hubLate = (due: number) => lateMs * Math.min(1, due / 30_000);
      const path = { up: way, down: way, drift, start: 0, hubLate };
      const samples = simulateClock(path, seeded(8), 2 * END_MS);
      expect(samples.filter(({ error, bound }) => Math.abs(error) > bound)).toEqual([]);
    }
});

test("an asymmetric path shifts the clock by half its asymmetry, undetectably", () => {
  for (const { path, samples } of pages(LAN, false)) {
    const shift = (path.up.floor - path.down.floor) / 2;
    expect(Math.abs(errorAt(samples, END_MS) - shift)).toBeLessThan(0.5);
  }
});

test("a path with almost no delay has a tiny error bound, and it holds", () => {
  const way: DirectionProfile = { floor: 0.05, queue: 0.1, ...QUIET };
  for (const drift of [-50, 0, 50]) {
    const samples = simulateClock({ up: way, down: way, drift, start: 0 }, seeded(7), END_MS);
    expect(samples.filter(({ error, bound }) => Math.abs(error) > bound)).toEqual([]);
    expect(samples.at(-1)?.bound).toBeLessThan(0.5);
  }
});
