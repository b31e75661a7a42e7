/** The schedule of probes: quick at first, then rare, and never two bursts at once. */

import { expect, test } from "vitest";
import { Probes } from "../src/clock/probes";

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

test("ten probes in half a second, then one every twenty seconds or so", () => {
  const { probes, waits, step, sent } = probing(() => 0.5);
  probes.burst();
  for (let i = 0; i < 11; i += 1) step();
  expect(sent()).toBe(12);
  expect(waits).toEqual([...Array(9).fill(50), 20_000, 20_000, 20_000]);
});

test("the long wait is spread by a quarter either way", () => {
  for (const [chance, wait] of [
    [0, 15_000],
    [1, 25_000],
  ] as const) {
    const { probes, waits, step } = probing(() => chance);
    probes.burst();
    for (let i = 0; i < 9; i += 1) step();
    expect(waits.at(-1)).toBe(wait);
  }
});

test("a burst within a burst changes nothing", () => {
  const { probes, sent } = probing(() => 0);
  probes.burst();
  probes.burst();
  expect(sent()).toBe(1);
});

test("nothing is sent after stopping, and a new burst is a whole one", () => {
  const { probes, step, sent } = probing(() => 0);
  probes.burst();
  probes.stop();
  step();
  expect(sent()).toBe(1);
  probes.burst();
  for (let i = 0; i < 9; i += 1) step();
  expect(sent()).toBe(11);
});
