/** The ring keeps the newest rows, in order and contiguous, however many have passed through it. */

import { expect, test } from "vitest";
import { indexAt, recordAt, SampleRing } from "../src/topic_buffer/sample_ring";
import { copyOf, samples } from "./samples";

function fill(ring: SampleRing, from: number, to: number): SampleRing {
  for (let i = from; i <= to; i += 1) {
    ring.push(i * 10, i);
    ring.put(0, i / 2);
    ring.put(1, -i);
  }
  return ring;
}

function filled(capacity: number, count: number): SampleRing {
  const ring = new SampleRing(capacity);
  ring.widen(2);
  return fill(ring, 1, count);
}

test("holds the newest rows, oldest first, each with its values", () => {
  for (let count = 0; count < 40; count += 1) {
    const { times, seqs, columns } = copyOf(filled(5, count).samples());
    const kept = Array.from({ length: Math.min(5, count) }, (_, i) => count - Math.min(5, count) + 1 + i);
    expect(seqs).toEqual(kept);
    expect(times).toEqual(kept.map((i) => i * 10));
    expect(columns).toEqual([kept.map((i) => i / 2), kept.map((i) => -i)]);
  }
});

test("hands out one object in place, so that frames neither copy nor allocate", () => {
  const ring = filled(8, 2);
  const before = ring.samples();
  const { times } = before;
  fill(ring, 3, 10_000);
  expect(ring.samples()).toBe(before);
  expect(ring.samples().times).toBe(times);
  expect(times.length).toBeLessThan(12);
});

test("keeps its rows when it grows, and never shrinks", () => {
  const ring = filled(4, 9);
  const before = ring.samples();
  ring.grow(2);
  expect(ring.capacity).toBe(4);
  ring.grow(100);
  expect(ring.samples()).toBe(before);
  expect(copyOf(before).seqs).toEqual([6, 7, 8, 9]);
  fill(ring, 10, 200);
  expect(copyOf(before).columns[1]).toEqual(Array.from({ length: 100 }, (_, i) => -101 - i));
});

test("a column added later has no earlier values", () => {
  const ring = new SampleRing(4);
  ring.push(10, 1);
  ring.widen(1);
  ring.put(0, 7);
  ring.push(20, 2);
  ring.widen(2);
  ring.put(1, 8);
  expect(copyOf(ring.samples()).columns).toEqual([
    [7, Number.NaN],
    [Number.NaN, 8],
  ]);
});

test("a row without a value does not keep that of an overwritten row", () => {
  const ring = filled(2, 50);
  ring.push(1_000, Number.NaN);
  expect(copyOf(ring.samples()).columns).toEqual([
    [25, Number.NaN],
    [-50, Number.NaN],
  ]);
});

test("is empty after clearing", () => {
  const ring = filled(4, 9);
  ring.clear();
  expect(ring.length).toBe(0);
  expect(copyOf(ring.samples())).toEqual({ times: [], seqs: [], columns: [] });
});

test("finds the last row at or before an instant, among the valid ones", () => {
  const rows = { ...samples([0, 1, 2, 3, 4, 5]), begin: 1, end: 5 };
  expect([-5, 5, 10, 15, 40, 99].map((time) => indexAt(rows, time))).toEqual([0, 0, 1, 1, 4, 4]);
  expect(indexAt({ ...rows, end: 1 }, 20)).toBe(0);
});

test("a break is not a record", () => {
  const rows = samples([0, 1, 2, 3]);
  rows.seqs[2] = Number.NaN;
  rows.seqs[0] = Number.NaN;
  expect([5, 15, 25, 35].map((time) => recordAt(rows, time))).toEqual([-1, 1, 1, 3]);
});
