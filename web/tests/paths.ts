/**
 * Paths between hub and page that exist only as arithmetic: delays with queues and spikes, in order as TCP keeps
 * them, and a page clock that is wrong and drifts. For tests only.
 */

import { HubClock } from "../src/client/clock";
import { Probes } from "../src/client/clock/probes";

/** Milliseconds, in one direction. */
export interface Way {
  /** The delay that is always there. */
  readonly floor: number;
  /** The mean of the queueing on top. */
  readonly queue: number;
  /** How often something waits much longer, and how long at most. */
  readonly spikes: number;
  readonly spikeMax: number;
}

export interface Path {
  readonly up: Way;
  readonly down: Way;
  /** Page clock against hub clock, in millionths. */
  readonly drift: number;
  /** What the page's clock reads when the hub's begins, in milliseconds. */
  readonly start: number;
}

/** One look at the clock: when, by the truth, and how wrong it was. */
export interface Look {
  readonly at: number;
  readonly error: number;
  readonly bound: number;
}

type Chance = () => number;
type Step = readonly [at: number, run: () => void];

const HUB_EPOCH = 1_700_000_000_000;
const PUBLICATION_EVERY_MS = 100;
/** As a hub does that gathers records: the last of a batch has waited too, always as long. */
const PUBLICATION_LATE_MS = 5;
const LOOK_EVERY_MS = 50;

/** Plays a page's life on a path, with its own schedule of probes and ten publications a second. */
export function live(path: Path, random: Chance, untilMs: number): Look[] {
  const clock = new HubClock();
  const looks: Look[] = [];
  const page = (real: number) => path.start + real * (1 + path.drift * 1e-6);
  const hub = (real: number) => HUB_EPOCH + real;

  const up = travel(path.up, random);
  const toPage = probeTimes(random, untilMs).map((sent): [number, (arrives: number) => void] => {
    const received = up(sent);
    return [received, (at) => clock.probed(page(sent), hub(received), hub(received), page(at))];
  });
  for (let due = 0; due < untilMs; due += PUBLICATION_EVERY_MS)
    toPage.push([due + PUBLICATION_LATE_MS, (at) => clock.arrived(hub(due), page(at))]);

  const down = travel(path.down, random);
  const steps = inOrder(toPage).map(([leaves, run]): Step => {
    const arrives = down(leaves);
    return [arrives, () => run(arrives)];
  });
  for (let at = 0; at <= untilMs; at += LOOK_EVERY_MS)
    steps.push([
      at,
      () => {
        const bound = clock.errorBound(page(at));
        if (bound !== undefined) looks.push({ at, error: clock.now(page(at)) - hub(at), bound });
      },
    ]);
  for (const [, run] of inOrder(steps)) run();
  return looks;
}

/** The page's own schedule, run through without waiting. */
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

/** When what leaves now arrives; never before what left earlier. */
function travel({ floor, queue, spikes, spikeMax }: Way, random: Chance): (leaves: number) => number {
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
