/** The probe schedule: quick at first, then rare, and never two bursts at once. */

import { expect, test } from "vitest";
import { Probes } from "../src/client/clock/probes";

function probing(random: () => number) {
  const waits: number[] = [];
  let next = (): void => {};
  let sent = 0;
  const probes = new Probes(
    () => {
      sent += 1;
    },
    (ms, call) => {
      waits.push(ms);
      next = call;
      return () => {
        next = () => {};
      };
    },
    random,
  );
  return { probes, waits, step: () => next(), sent: () => sent };
}

test("ten probes in half a second, then increasingly rare ones, finally one every 20 s", () => {
  const { probes, waits, step, sent } = probing(() => 0.5);
  probes.burst();
  for (let i = 0; i < 40; i += 1) step();
  expect(sent()).toBe(41);
  expect(waits.slice(0, 9)).toEqual(Array(9).fill(50));
  expect(waits.slice(9, 12)).toEqual([62.5, 78.125, 97.65625]);
  expect(waits.slice(36)).toEqual(Array(5).fill(20_000));
  const untilRest = waits.slice(0, 36).reduce((sum, wait) => sum + wait, 0);
  expect(untilRest).toBeGreaterThan(60_000);
  expect(untilRest).toBeLessThan(120_000);
});

test("the waits after the burst have a jitter of a quarter either way", () => {
  for (const [chance, wait] of [
    [0, 15_000],
    [1, 25_000],
  ] as const) {
    const { probes, waits, step } = probing(() => chance);
    probes.burst();
    for (let i = 0; i < 40; i += 1) step();
    expect(waits.at(-1)).toBe(wait);
  }
});

test("a burst within a burst restarts it without an extra probe", () => {
  const { probes, waits, step, sent } = probing(() => 0.5);
  probes.burst();
  step();
  probes.burst();
  expect(sent()).toBe(2);
  for (let i = 0; i < 10; i += 1) step();
  expect(sent()).toBe(12);
  expect(waits).toEqual([...Array(11).fill(50), 62.5]);
});

test("nothing is sent after stop, and a new burst is complete", () => {
  const { probes, step, sent } = probing(() => 0);
  probes.burst();
  probes.stop();
  step();
  expect(sent()).toBe(1);
  probes.burst();
  for (let i = 0; i < 9; i += 1) step();
  expect(sent()).toBe(11);
});

test("the send callback may stop the schedule", () => {
  const timers: (() => void)[] = [];
  let sent = 0;
  const probes: Probes = new Probes(
    () => {
      sent += 1;
      probes.stop();
    },
    (_, call) => {
      timers.push(call);
      return () => void timers.pop();
    },
    () => 0,
  );
  probes.burst();
  expect([sent, timers.length]).toEqual([1, 0]);
});
