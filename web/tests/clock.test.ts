/** The clock, sample by sample: when an estimate is used, when time steps, and how it is slewed otherwise. */

import { expect, test } from "vitest";
import { HubClock } from "../src/client/clock";
import { SuspendDetector } from "../src/client/clock/probes";

const HUB_EPOCH = 1_700_000_000_000;

/** Adds answers to `count` simultaneous probes, 5 ms each way, from a hub that is `ahead` of the page. */
function answer(clock: HubClock, at: number, ahead: number, count = 5): void {
  const hubAt = HUB_EPOCH + at - 5 + ahead;
  for (let i = 0; i < count; i += 1) clock.probed(at - 10, hubAt, hubAt, at);
}

/**
 * The same from a hub with the right time, where each probe waited in a queue: the estimate is late by half of that.
 */
function answerQueued(clock: HubClock, at: number, queuedMs: number, count: number): void {
  const hubAt = HUB_EPOCH + at - 5;
  for (let i = 0; i < count; i += 1) clock.probed(at - 10 - queuedMs, hubAt, hubAt, at);
}

/** A clock after a complete burst, so that time is slewed from now on. */
function settled(): HubClock {
  const clock = new HubClock();
  answer(clock, 10, 0, 10);
  clock.now(10);
  return clock;
}

test("an estimate is used from five answers on", () => {
  const clock = new HubClock();
  clock.arrived(HUB_EPOCH, 5);
  answer(clock, 10, 0, 4);
  expect([clock.isKnown, clock.errorBound(10)]).toEqual([false, undefined]);
  answer(clock, 20, 0, 1);
  expect(clock.isKnown).toBe(true);
  expect(clock.now(20)).toBeCloseTo(HUB_EPOCH + 20, 2);
  // Half of the round trip, and what the clocks may have drifted apart since.
  expect(clock.errorBound(20)).toBeGreaterThan(5);
  expect(clock.errorBound(20)).toBeLessThan(5.02);
});

test("after a second an estimate is used with any number of answers", () => {
  const clock = new HubClock();
  clock.arrived(HUB_EPOCH, 5);
  clock.arrived(HUB_EPOCH + 2_000, 2_005);
  expect(clock.isKnown).toBe(false);
  answer(clock, 2_010, 0, 1);
  expect(clock.isKnown).toBe(true);
  expect(clock.now(2_010)).toBeCloseTo(HUB_EPOCH + 2_010, 2);
});

test("it steps to every better estimate until the first burst is over", () => {
  const clock = new HubClock();
  answerQueued(clock, 10, 120, 5);
  expect(clock.now(10)).toBeCloseTo(HUB_EPOCH + 70, 2);
  answer(clock, 30, 0, 1);
  expect(clock.now(30)).toBeCloseTo(HUB_EPOCH + 30, 2);
});

test("while slewed, time never runs backwards, nor more than two per cent fast or slow", () => {
  const clock = new HubClock();
  answerQueued(clock, 200, 180, 10);
  let before = clock.now(200);
  expect(before).toBeCloseTo(HUB_EPOCH + 290, 2);
  answer(clock, 205, 0, 1);
  for (let at = 210; at <= 9_000; at += 10) {
    const now = clock.now(at);
    expect(now - before).toBeGreaterThanOrEqual(9.8 - 1e-3);
    expect(now - before).toBeLessThanOrEqual(10.2 + 1e-3);
    before = now;
  }
  expect(before - HUB_EPOCH).toBeCloseTo(9_000, 1);
});

test("while slewed, the error bound includes the remaining correction", () => {
  const clock = new HubClock();
  answerQueued(clock, 200, 180, 10);
  clock.now(200);
  answer(clock, 220, 0, 1);
  expect(clock.errorBound(220)).toBeGreaterThan(85);
  expect(clock.now(220)).toBeGreaterThan(HUB_EPOCH + 300);
});

test("it steps when it is off by more than a quarter of a second", () => {
  const clock = settled();
  clock.forget();
  answer(clock, 20, 320);
  expect(clock.now(20)).toBeCloseTo(HUB_EPOCH + 340, 2);
});

test("it does not step for a new connection while the page is watched", () => {
  const clock = settled();
  clock.forget();
  answer(clock, 20, 120);
  expect(clock.now(20)).toBeLessThan(HUB_EPOCH + 20.3);
});

test("it steps after a period without frames, and until the burst after that is over", () => {
  const clock = settled();
  clock.forget();
  expect(clock.now(5_000)).toBeCloseTo(HUB_EPOCH + 5_000, 2);
  answer(clock, 5_250, 120);
  expect(clock.now(5_250)).toBeCloseTo(HUB_EPOCH + 5_370, 2);
});

test("time continues while a new connection has no estimate yet", () => {
  const clock = settled();
  clock.forget();
  answer(clock, 200, 100, 4);
  expect(clock.isKnown).toBe(true);
  expect(clock.now(300)).toBeCloseTo(HUB_EPOCH + 300, 2);
});

test("the error bound is unknown without an answer", () => {
  const clock = settled();
  clock.forget();
  expect(clock.errorBound(300)).toBeUndefined();
});

test("an estimate that was never used outlives a lost connection", () => {
  const clock = new HubClock();
  answer(clock, 10, 0);
  clock.forget();
  expect(clock.isKnown).toBe(true);
  expect(clock.now(300)).toBeCloseTo(HUB_EPOCH + 300, 2);
});

test("contradictory samples are dropped, and fresh ones requested", () => {
  let asked = 0;
  const clock = new HubClock(() => {
    asked += 1;
  });
  answer(clock, 10, 0);
  // The machine slept for a minute and the page's clock with it: the next publication appears to be early.
  clock.arrived(HUB_EPOCH + 60_000, 20);
  expect(asked).toBe(1);
  expect(clock.errorBound(20)).toBeUndefined();
});

test("a jump between two clocks is detected once, slow drift is not", () => {
  const detector = new SuspendDetector();
  let detected = 0;
  for (let now = 0; now <= 600_000; now += 1_000) {
    const slept = now < 300_000 ? 0 : 101;
    if (detector.wasSuspended(now, HUB_EPOCH + now * 1.0005 + slept)) detected += 1;
  }
  expect(detected).toBe(1);
});
