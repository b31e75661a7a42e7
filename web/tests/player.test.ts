/** What the player counts and judges by itself. */

import { describe, expect, test } from "vitest";
import { Arrivals } from "../src/player/arrivals";
import { Liveness } from "../src/player/liveness";
import { Palette } from "../src/player/palette";
import { batch, data, dueAt } from "./messages";

describe("liveness", () => {
  test("a fast line is behind from half a second on, and live again below its period", () => {
    const liveness = new Liveness();
    const judged = [0, 499, 501, 400, 11, 9, 400].map((lag) => liveness.isBehind(lag, 10));
    expect(judged).toEqual([false, false, true, true, true, false, false]);
  });

  test("a slow line is behind when three records are missing", () => {
    const liveness = new Liveness();
    const judged = [2_000, 2_999, 3_001, 1_500, 999].map((lag) => liveness.isBehind(lag, 1_000));
    expect(judged).toEqual([false, false, true, true, false]);
  });
});

describe("arrivals", () => {
  test("what came before its instant is early, and what came after it is late", () => {
    const arrivals = new Arrivals();
    arrivals.begin(10);
    arrivals.take(data(11), dueAt(11) / 1000 - 100);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([1, 0, 100]);
    arrivals.take(data(12), dueAt(12) / 1000 + 1);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([2, 1, -1]);
  });

  test("of a batch, just those count as late that are", () => {
    const arrivals = new Arrivals();
    arrivals.begin(0);
    arrivals.take(batch(1, 4), dueAt(2) / 1000 + 5);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([4, 2, -15]);
  });

  test("a backfill is never late", () => {
    const arrivals = new Arrivals();
    arrivals.begin(3);
    arrivals.take(batch(1, 3), dueAt(1_000) / 1000);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([0, 0, undefined]);
    arrivals.take(batch(2, 3), dueAt(3) / 1000);
    expect([arrivals.count, arrivals.late, arrivals.aheadMs]).toEqual([1, 0, undefined]);
  });
});

test("a line keeps its colour, whatever comes and goes", () => {
  const palette = new Palette();
  const keys = Array.from({ length: 20 }, (_, i) => `topic/${i}`);
  const first = keys.map((key) => palette.colourOf(key));
  expect(first).toEqual(keys.map((_, i) => i));
  expect(keys.reverse().map((key) => palette.colourOf(key))).toEqual(first.reverse());
});
