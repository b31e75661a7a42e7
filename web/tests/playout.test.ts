/** Which instant is drawn when: states that take effect at a drawn instant, and delays that change gradually. */

import { describe, expect, test } from "vitest";
import { Playout } from "../src/client/playout";
import type { State } from "../src/client/protocol";
import { dueAt, hello, START, segment } from "./messages";
import { seeded } from "./samples";

const startMs = START / 1000;

/** A state `seconds` after the start. */
function stateAt(seconds: number, delay: number, timeline = segment): State {
  return { type: "state", t: START + seconds * 1_000_000, timeline, delay, by: "configuration" };
}

function joined(rest: Parameters<typeof hello>[0] = {}): Playout {
  const playout = new Playout();
  playout.onHello(hello(rest));
  return playout;
}

/** The drawn instant, in milliseconds after the start. */
function drawn(playout: Playout, afterMs: number): number {
  return playout.drawn(startMs + afterMs) - startMs;
}

test("the drawn instant is the hub's time minus the playout delay", () => {
  const playout = joined({ delay: 150_000 });
  expect([-5_000, 0, 1_000, 86_400_000].map((ms) => drawn(playout, ms))).toEqual([
    -5_150, -150, 850, 86_399_850,
  ]);
});

test("before hello there is no delay, and nothing is in force", () => {
  const playout = new Playout();
  expect(playout.drawn(startMs)).toBe(startMs);
  expect([playout.latest, playout.stateAt(startMs), playout.states]).toEqual([undefined, undefined, []]);
});

describe("a state", () => {
  test("takes effect when the drawn instant reaches it, not when it arrives or is due", () => {
    const playout = joined({ delay: 1_000_000 });
    const before = playout.latest;
    playout.onState(stateAt(10, 1_000_000, { ...segment, rate: 5 }));
    const rateAt = (ms: number) => playout.stateAt(playout.drawn(startMs + ms))?.segment?.rate;
    expect([0, 10_000, 10_999, 11_000].map(rateAt)).toEqual([100, 100, 100, 5]);
    expect(playout.latest?.segment?.rate).toBe(5);
    expect(before?.segment?.rate).toBe(100);
  });

  test("replaces those with the same or a later instant", () => {
    const playout = joined();
    for (const seconds of [5, 6, 7]) playout.onState(stateAt(seconds, 0));
    playout.onState(stateAt(6, 200_000));
    expect(playout.states.map(({ at, delayMs }) => [at - startMs, delayMs])).toEqual([
      [0, 150],
      [5_000, 0],
      [6_000, 200],
    ]);
  });

  test("of a paused timeline does not stop the drawn instant, which decides when it is resumed", () => {
    const playout = joined({ delay: 100_000 });
    playout.onState(stateAt(5, 100_000, { ...segment, playing: false }));
    playout.onState(stateAt(9, 100_000));
    const isPlaying = (ms: number) => playout.stateAt(playout.drawn(startMs + ms))?.segment?.playing;
    expect([5_099, 5_100, 9_099, 9_100].map(isPlaying)).toEqual([true, false, false, true]);
  });

  test("is forgotten when a thousand newer ones are known", () => {
    const playout = joined();
    for (let seconds = 1; seconds <= 5_000; seconds += 1) playout.onState(stateAt(seconds, 150_000));
    expect(playout.states).toHaveLength(1_000);
    expect(drawn(playout, 5_000_000)).toBe(4_999_850);
  });
});

describe("a changed delay", () => {
  test("is approached from the instant of its state on, a quarter slower or faster, and then kept", () => {
    const longer = joined({ delay: 100_000 });
    longer.onState(stateAt(10, 1_100_000));
    expect(longer.delayMs(startMs + 10_099)).toBe(100);
    expect([10_100, 11_100, 14_100, 99_999].map((ms) => longer.delayMs(startMs + ms))).toEqual([
      100, 350, 1_100, 1_100,
    ]);
    const shorter = joined({ delay: 1_100_000 });
    shorter.onState(stateAt(10, 100_000));
    expect([11_099, 11_100, 12_100, 15_100, 99_999].map((ms) => shorter.delayMs(startMs + ms))).toEqual([
      1_100, 1_100, 850, 100, 100,
    ]);
  });

  test("that changes again before it is reached goes on from where it is", () => {
    const playout = joined({ delay: 0 });
    playout.onState(stateAt(10, 1_000_000));
    playout.onState(stateAt(11.5, 0));
    // Two seconds at three quarters of the speed show the 1.5 s between the two states.
    expect([12_000, 13_000, 14_000, 20_000].map((ms) => playout.delayMs(startMs + ms))).toEqual([
      500, 250, 0, 0,
    ]);
  });

  test("never makes the drawn instant jump, stand still or run back", () => {
    const random = seeded(7);
    const playout = joined({ delay: 150_000 });
    for (let seconds = 1; seconds < 300; seconds += random() * 8)
      playout.onState(stateAt(seconds, Math.floor(random() * 3_000_000)));
    const steps = Array.from(
      { length: 20_000 },
      (_, i) => drawn(playout, 16 * (i + 1)) - drawn(playout, 16 * i),
    );
    expect(Math.min(...steps)).toBeGreaterThan(16 * 0.74);
    expect(Math.max(...steps)).toBeLessThan(16 * 1.26);
  });
});

describe("all viewers draw the same instant", () => {
  test("however early each learns of a state", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = seeded(seed);
      const states: State[] = [];
      for (let seconds = 5; seconds < 60; seconds += 0.1 + random() * 10)
        states.push(stateAt(seconds, Math.floor(random() * 2_000_000), { ...segment, rate: 1 + random() }));
      const first = { ...stateAt(0, 500_000) };
      const all = joined({ states: [first, ...states] });
      // Learns of each state up to three seconds ahead of its instant.
      const informed = joined({ states: [first] });
      const queue = states.map((state) => ({ state, atMs: (state.t - START) / 1000 - random() * 3_000 }));
      // Joins in the middle, with records from before the change that is under way.
      let late: Playout | undefined;
      const different: number[] = [];
      for (let ms = 0; ms < 70_000; ms += 50) {
        while ((queue[0]?.atMs ?? Number.POSITIVE_INFINITY) <= ms)
          informed.onState(queue.shift()?.state as State);
        if (ms === 30_000) late = joined({ states: [first, ...states] });
        const expected = drawn(all, ms);
        const isSame = [informed, late ?? all].every((playout) => drawn(playout, ms) === expected);
        const rateOf = (playout: Playout) => playout.stateAt(startMs + expected)?.segment?.rate;
        if (!isSame || rateOf(informed) !== rateOf(all)) different.push(ms);
      }
      expect(different, `seed ${seed}`).toEqual([]);
    }
  });

  test("after a reconnect, too: the states of hello continue those that were known", () => {
    const [kept, away] = [joined({ delay: 100_000 }), joined({ delay: 100_000 })];
    const [one, two] = [stateAt(10, 1_100_000), stateAt(12, 300_000)];
    for (const state of [one, two]) kept.onState(state);
    away.onState(one);
    // The connection was lost; the hub sends what is in force at the drawn instant, and what comes later.
    away.onHello(hello({ now: START + 12_000_000, states: [one, two] }));
    for (let ms = 9_000; ms < 30_000; ms += 250) expect(drawn(away, ms)).toBe(drawn(kept, ms));
  });
});

describe("hello", () => {
  test("of another epoch forgets all states", () => {
    const playout = joined({ delay: 150_000 });
    playout.onState(stateAt(5, 3_000_000));
    playout.onHello(hello({ epoch: "e2", delay: 300_000, now: START + 4_000_000 }));
    expect(playout.states.map(({ delayMs }) => delayMs)).toEqual([300]);
    expect(drawn(playout, 0)).toBe(-300);
  });

  test("with states replaces those that the hub has changed since", () => {
    const playout = joined({ states: [stateAt(0, 150_000)] });
    playout.onState(stateAt(20, 3_000_000));
    playout.onHello(hello({ states: [stateAt(8, 150_000)], now: START + 10_000_000 }));
    expect(playout.latest?.at).toBe(startMs + 8_000);
  });

  test("without states, as from an earlier hub, says what is in force now", () => {
    const playout = joined({ delay: 150_000 });
    playout.onHello(hello({ delay: 400_000, now: START + 10_000_000 }));
    expect([10_100, 11_150, 20_000].map((ms) => playout.delayMs(startMs + ms))).toEqual([150, 400, 400]);
  });

  test("without states, a segment that is new is in force since its beginning", () => {
    const playout = joined();
    const [rate, t0] = [5, dueAt(301)];
    playout.onHello(hello({ now: START + 10_000_000, timeline: { ...segment, seq0: 301, t0, rate } }));
    const rateAt = (ms: number) => playout.stateAt(startMs + ms)?.segment?.rate;
    expect([2_999, 3_000, 10_000].map(rateAt)).toEqual([100, 5, 5]);
  });
});
