/** The clock by single samples: what counts, when time steps, and how calmly it moves otherwise. */

import { expect, test } from "vitest";
import { HubClock } from "../src/client/clock";
import { Standstill } from "../src/client/clock/standstill";

const HUB_EPOCH = 1_700_000_000_000;

/** Answers to so many probes sent at once, 5 ms each way, by a hub that is so far ahead of the page. */
function answer(clock: HubClock, at: number, ahead: number, count = 5): void {
  const hubAt = HUB_EPOCH + at - 5 + ahead;
  for (let i = 0; i < count; i += 1) clock.probed(at - 10, hubAt, hubAt, at);
}

/** The same by a hub that is right, where each probe waited in a queue: it makes the estimate half of that too late. */
function answerQueued(clock: HubClock, at: number, queuedMs: number, count: number): void {
  const hubAt = HUB_EPOCH + at - 5;
  for (let i = 0; i < count; i += 1) clock.probed(at - 10 - queuedMs, hubAt, hubAt, at);
}

/** Whole burst: time is slewed from now on. */
function settled(): HubClock {
  const clock = new HubClock();
  answer(clock, 10, 0, 10);
  clock.now(10);
  return clock;
}

test("an estimate counts from five answers on", () => {
  const clock = new HubClock();
  clock.arrived(HUB_EPOCH, 5);
  answer(clock, 10, 0, 4);
  expect([clock.isKnown, clock.errorBound(10)]).toEqual([false, undefined]);
  answer(clock, 20, 0, 1);
  expect(clock.isKnown).toBe(true);
  expect(clock.now(20)).toBeCloseTo(HUB_EPOCH + 20, 2);
  expect(clock.errorBound(20)).toBeCloseTo(5, 2);
});

test("after a second it counts with what there is, if that is anything at all", () => {
  const clock = new HubClock();
  clock.arrived(HUB_EPOCH, 5);
  clock.arrived(HUB_EPOCH + 2_000, 2_005);
  expect(clock.isKnown).toBe(false);
  answer(clock, 2_010, 0, 1);
  expect(clock.isKnown).toBe(true);
  expect(clock.now(2_010)).toBeCloseTo(HUB_EPOCH + 2_010, 2);
});

test("it steps to every better estimate until its first burst is over", () => {
  const clock = new HubClock();
  answerQueued(clock, 10, 120, 5);
  expect(clock.now(10)).toBeCloseTo(HUB_EPOCH + 70, 2);
  answer(clock, 30, 0, 1);
  expect(clock.now(30)).toBeCloseTo(HUB_EPOCH + 30, 2);
});

test("time shown never runs back while it is slewed, nor more than two per cent fast or slow", () => {
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

test("while it is slewed, the bound includes what is still to come", () => {
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

test("it does not step over a new connection that somebody is looking at", () => {
  const clock = settled();
  clock.forget();
  answer(clock, 20, 120);
  expect(clock.now(20)).toBeLessThan(HUB_EPOCH + 20.3);
});

test("it steps when nobody was looking, and until the burst after that is over", () => {
  const clock = settled();
  clock.forget();
  expect(clock.now(5_000)).toBeCloseTo(HUB_EPOCH + 5_000, 2);
  answer(clock, 5_250, 120);
  expect(clock.now(5_250)).toBeCloseTo(HUB_EPOCH + 5_370, 2);
});

test("time goes on while a new connection has not measured yet", () => {
  const clock = settled();
  clock.forget();
  answer(clock, 200, 100, 4);
  expect(clock.isKnown).toBe(true);
  expect(clock.now(300)).toBeCloseTo(HUB_EPOCH + 300, 2);
});

test("nothing is said of the error without an answer", () => {
  const clock = settled();
  clock.forget();
  expect(clock.errorBound(300)).toBeUndefined();
});

test("an estimate that nobody has asked for yet outlives a lost connection", () => {
  const clock = new HubClock();
  answer(clock, 10, 0);
  clock.forget();
  expect(clock.isKnown).toBe(true);
  expect(clock.now(300)).toBeCloseTo(HUB_EPOCH + 300, 2);
});

test("samples that cannot all be true are dropped, and fresh ones asked for", () => {
  let asked = 0;
  const clock = new HubClock(() => {
    asked += 1;
  });
  answer(clock, 10, 0);
  // The machine slept for a minute and the page's clock with it: the next publication seems to come early.
  clock.arrived(HUB_EPOCH + 60_000, 20);
  expect(asked).toBe(1);
  expect(clock.errorBound(20)).toBeUndefined();
});

test("two clocks that part at once are noticed once, two that drift apart are not", () => {
  const standstill = new Standstill();
  let noticed = 0;
  for (let now = 0; now <= 600_000; now += 1_000) {
    const slept = now < 300_000 ? 0 : 101;
    if (standstill.hasHappened(now, HUB_EPOCH + now * 1.0005 + slept)) noticed += 1;
  }
  expect(noticed).toBe(1);
});
