/** Which state is in force when. */

import { expect, test } from "vitest";
import { RunWalker } from "../../src/records/runs";
import type { Trace } from "../../src/scene";
import type { Samples } from "../../src/topic_buffer/sample_ring";
import { samples } from "../samples";

function trace(parts: readonly Samples[], playhead = 1_000): Trace {
  const field = { name: "mode", label: undefined, unit: undefined, kind: "state" } as const;
  return {
    series: { key: "a/mode#state", topic: "a", field, colour: 0 },
    parts: parts.map((samples) => ({ samples, column: 0 })),
    playhead,
  };
}

function runs(of: Trace, from = 0, to = 1_000): string[] {
  const found: string[] = [];
  new RunWalker().walk(of, from, to, (value, begin, end) => found.push(`${value}: ${begin}–${end}`));
  return found;
}

const NONE = Number.NaN;

test("a state lasts until another one, and the last until the playhead", () => {
  expect(runs(trace([samples([1, 1, 2, 2, 1])], 45))).toEqual(["1: 0–20", "2: 20–40", "1: 40–45"]);
});

test("a record without a state, or a break, ends it", () => {
  expect(runs(trace([samples([1, NONE, 1, NONE])]))).toEqual(["1: 0–10", "1: 20–30"]);
});

test("nothing is known before the first record, nor after the playhead", () => {
  expect(runs(trace([samples([1, 2, 3, 4])], 25), -50)).toEqual(["1: 0–10", "2: 10–20", "3: 20–25"]);
  expect(runs(trace([samples([1, 2])], -5), -50)).toEqual([]);
});

test("the state that is in force at the left edge is cut there", () => {
  expect(runs(trace([samples([1, 2, 3, 4])]), 15, 25)).toEqual(["2: 15–20", "3: 20–25"]);
});

test("a state goes on from the history into the live samples", () => {
  const live = { ...samples([2, 3]), times: Float64Array.of(30, 40) };
  expect(runs(trace([samples([1, 2, 2, 9, 9]), live], 50))).toEqual(["1: 0–10", "2: 10–40", "3: 40–50"]);
});
