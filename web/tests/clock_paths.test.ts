/** The clock over simulated paths: how far two pages are apart, and whether each knows how wrong it may be. */

import { expect, test } from "vitest";
import { type Look, live, type Path, type Way } from "./paths";
import { seeded } from "./random";

/** One direction but for its floor. */
type Traffic = Omit<Way, "floor">;
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

/** A page somewhere on earth: floors from 5 to 75 ms, a clock off by up to 1000 s that drifts by up to 50 ppm. */
function somewhere({ up, down }: Profile, random: () => number, isSymmetric: boolean): Path {
  const floor = () => 5 + random() * 70;
  const toHub = floor();
  return {
    up: { floor: toHub, ...up },
    down: { floor: isSymmetric ? toHub : floor(), ...down },
    drift: (2 * random() - 1) * 50,
    start: (2 * random() - 1) * 1_000_000,
  };
}

function pages(profile: Profile, isSymmetric: boolean): { path: Path; looks: Look[] }[] {
  return Array.from({ length: PAGES }, (_, seed) => {
    const random = seeded(seed + 1);
    const path = somewhere(profile, random, isSymmetric);
    return { path, looks: live(path, random, END_MS) };
  });
}

/** What 99 of 100 pairs of pages stay below, by how far they are apart. */
function skew(errors: readonly number[]): number {
  const pairs = errors.flatMap((one, i) => errors.slice(0, i).map((other) => Math.abs(one - other)));
  return pairs.sort((a, b) => a - b)[Math.floor(pairs.length * 0.99)] ?? Number.NaN;
}

function errorAt(looks: readonly Look[], at: number): number {
  return looks.find((look) => look.at >= at)?.error ?? Number.NaN;
}

/** Milliseconds after one second, three, and a minute. */
const SKEW_MOST = { LAN: [0.5, 0.5, 0.5], BROADBAND: [2, 2, 1], MOBILE: [25, 10, 4] };

test.each(NAMES)("%s: two pages are close after a second, and closest after a minute", (name) => {
  const all = pages(PROFILES[name], true);
  const apart = [1_000, 3_000, END_MS].map((at) => skew(all.map(({ looks }) => errorAt(looks, at))));
  for (const [i, most] of SKEW_MOST[name].entries()) expect(apart[i]).toBeLessThan(most);
});

test.each(NAMES)("%s: time is known within a second", (name) => {
  for (const { looks } of pages(PROFILES[name], true)) expect(looks[0]?.at).toBeLessThan(1_000);
});

test.each(NAMES)(
  "%s: the error is within the bound that the page states, on symmetric paths and lopsided ones",
  (name) => {
    for (const isSymmetric of [true, false]) {
      const looks = pages(PROFILES[name], isSymmetric).flatMap((page) => page.looks);
      const outside = looks.filter(({ error, bound }) => Math.abs(error) > bound);
      expect(looks.length).toBeGreaterThan(PAGES * 1_100);
      expect(outside.length / looks.length).toBeLessThan(0.001);
    }
  },
);

test("a lopsided path puts a page off by half of what it is lopsided by, and nobody can know", () => {
  for (const { path, looks } of pages(LAN, false)) {
    const lopsided = (path.up.floor - path.down.floor) / 2;
    expect(Math.abs(errorAt(looks, END_MS) - lopsided)).toBeLessThan(0.5);
  }
});

test("a path with next to no delay has a bound that is next to nothing, and it holds", () => {
  const way: Way = { floor: 0.05, queue: 0.1, ...QUIET };
  for (const drift of [-50, 0, 50]) {
    const looks = live({ up: way, down: way, drift, start: 0 }, seeded(7), END_MS);
    expect(looks.filter(({ error, bound }) => Math.abs(error) > bound)).toEqual([]);
    expect(looks.at(-1)?.bound).toBeLessThan(0.5);
  }
});
