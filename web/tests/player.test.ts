/** Helpers of the player: liveness, arrival statistics, palette. */

import { describe, expect, test } from "vitest";
import { Palette } from "../src/player/series_trace";
import { ArrivalStats, Liveness } from "../src/player/timeliness";
import { batch, data, dueAt } from "./messages";

describe("liveness", () => {
  test("a fast topic is behind from half a second on, and live again below its period", () => {
    const liveness = new Liveness();
    const judged = [0, 499, 501, 400, 11, 9, 400].map((lag) => liveness.isBehind(lag, 10));
    expect(judged).toEqual([false, false, true, true, true, false, false]);
  });

  test("a slow topic is behind when three records are missing", () => {
    const liveness = new Liveness();
    const judged = [2_000, 2_999, 3_001, 1_500, 999].map((lag) => liveness.isBehind(lag, 1_000));
    expect(judged).toEqual([false, false, true, true, false]);
  });
});

describe("arrivals", () => {
  test("a publication is early before its instant and late after it", () => {
    const arrivals = new ArrivalStats();
    arrivals.onHello(10);
    arrivals.record(data(11), dueAt(11) / 1000 - 100);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([1, 0, 100]);
    arrivals.record(data(12), dueAt(12) / 1000 + 1);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([2, 1, -1]);
  });

  test("only the late publications of a batch count as late", () => {
    const arrivals = new ArrivalStats();
    arrivals.onHello(0);
    arrivals.record(batch(1, 4), dueAt(2) / 1000 + 5);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([4, 2, -15]);
  });

  test("a backfill is never late", () => {
    const arrivals = new ArrivalStats();
    arrivals.onHello(3);
    arrivals.record(batch(1, 3), dueAt(1_000) / 1000);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([0, 0, undefined]);
    arrivals.record(batch(2, 3), dueAt(3) / 1000);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([1, 0, undefined]);
  });
});

test("a series keeps its colour while others come and go", () => {
  const palette = new Palette();
  const keys = Array.from({ length: 20 }, (_, i) => `topic/${i}`);
  const first = keys.map((key) => palette.colourOf(key));
  expect(first).toEqual(keys.map((_, i) => i));
  expect(keys.reverse().map((key) => palette.colourOf(key))).toEqual(first.reverse());
});
