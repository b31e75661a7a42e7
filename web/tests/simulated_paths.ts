/**
 * Simulated network paths between hub and page: delays with queues and spikes, in-order delivery as with TCP, and a
 * page clock that is wrong and drifts. For tests only.
 */

import { HubClock } from "../src/client/clock";
import { Probes } from "../src/client/clock/probes";

/** One direction of a path, in milliseconds. */
export interface DirectionProfile {
  /** Minimum delay. */
  readonly floor: number;
  /** Mean of the additional queueing delay. */
  readonly queue: number;
  /** Probability of a much longer delay, and its maximum. */
  readonly spikes: number;
  readonly spikeMax: number;
}

export interface Path {
  readonly up: DirectionProfile;
  readonly down: DirectionProfile;
  /** Drift of the page's clock against the hub's, in ppm. */
  readonly drift: number;
  /** Page time when the hub's clock starts, in milliseconds. */
  readonly start: number;
  /** How much longer than usual the hub takes to send the publication that is due at this time. */
  readonly hubLate?: (due: number) => number;
}

/** One reading of the clock: the true time, its error and its bound. */
export interface ClockSample {
  readonly at: number;
  readonly error: number;
  readonly bound: number;
}

type Chance = () => number;
type Step = readonly [at: number, run: () => void];

const HUB_EPOCH = 1_700_000_000_000;
const PUBLICATION_EVERY_MS = 100;
/** Delay from coalescing: the last record of a batch has always waited this long. */
const PUBLICATION_LATE_MS = 5;
const SAMPLE_EVERY_MS = 50;

/** Simulates a page on a path, with its real probe schedule and ten publications a second. */
export function simulateClock(path: Path, random: Chance, untilMs: number): ClockSample[] {
  const clock = new HubClock();
  const samples: ClockSample[] = [];
  const page = (real: number) => path.start + real * (1 + path.drift * 1e-6);
  const hub = (real: number) => HUB_EPOCH + real;

  const up = deliveryTimes(path.up, random);
  const toPage = probeTimes(random, untilMs).map((sent): [number, (arrives: number) => void] => {
    const received = up(sent);
    return [received, (at) => clock.probed(page(sent), hub(received), hub(received), page(at))];
  });
  for (let due = 0; due < untilMs; due += PUBLICATION_EVERY_MS)
    toPage.push([
      due + PUBLICATION_LATE_MS + (path.hubLate?.(due) ?? 0),
      (at) => clock.arrived(hub(due), page(at)),
    ]);

  const down = deliveryTimes(path.down, random);
  const steps = inOrder(toPage).map(([leaves, run]): Step => {
    const arrives = down(leaves);
    return [arrives, () => run(arrives)];
  });
  for (let at = 0; at <= untilMs; at += SAMPLE_EVERY_MS)
    steps.push([
      at,
      () => {
        const bound = clock.errorBound(page(at));
        if (bound !== undefined) samples.push({ at, error: clock.now(page(at)) - hub(at), bound });
      },
    ]);
  for (const [, run] of inOrder(steps)) run();
  return samples;
}

/** The page's real probe schedule, run without waiting. */
function probeTimes(random: Chance, untilMs: number): number[] {
  const times: number[] = [];
  let now = 0;
  let next: Step | undefined;
  const probes = new Probes(
    () => times.push(now),
    (ms, call) => {
      next = [now + ms, call];
      return () => {};
    },
    random,
  );
  probes.burst();
  while (next !== undefined && next[0] < untilMs) {
    now = next[0];
    next[1]();
  }
  return times;
}

/** Delivery times for messages sent at `leaves`; deliveries stay in order. */
function deliveryTimes(
  { floor, queue, spikes, spikeMax }: DirectionProfile,
  random: Chance,
): (leaves: number) => number {
  let last = 0;
  return (leaves) => {
    const queued = -queue * Math.log(1 - random());
    const spike = random() < spikes ? random() * spikeMax : 0;
    last = Math.max(last, leaves + floor + queued + spike);
    return last;
  };
}

function inOrder<T extends readonly [at: number, ...rest: unknown[]]>(steps: T[]): T[] {
  return steps.sort(([a], [b]) => a - b);
}
