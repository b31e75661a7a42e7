/** The ring keeps the newest, in order, in one piece, whatever has passed through it. */

import { expect, test } from "vitest";
import { indexAt, Ring } from "../src/timeline/ring";

function filled(capacity: number, count: number): Ring {
  const ring = new Ring(capacity);
  for (let i = 1; i <= count; i += 1) ring.push(i * 10, i / 2, i);
  return ring;
}

test("holds the newest samples of any number, oldest first", () => {
  for (let count = 0; count < 40; count += 1) {
    const { times, values, seqs } = filled(5, count).samples();
    const kept = Array.from({ length: Math.min(5, count) }, (_, i) => count - Math.min(5, count) + 1 + i);
    expect([...seqs]).toEqual(kept);
    expect([...times]).toEqual(kept.map((i) => i * 10));
    expect([...values]).toEqual(kept.map((i) => i / 2));
  }
});

test("hands out views, so that a frame copies nothing", () => {
  const ring = filled(4, 3);
  expect(ring.samples().times.buffer).toBe(ring.samples().times.buffer);
});

test("never holds more memory than at first", () => {
  const ring = filled(8, 2);
  const { byteLength } = ring.samples().times.buffer;
  for (let i = 3; i < 10_000; i += 1) ring.push(i * 10, 0, i);
  expect(ring.samples().times.buffer.byteLength).toBe(byteLength);
});

test("keeps its samples when it grows, and the newest when it shrinks", () => {
  expect([...Ring.from(filled(4, 9), 100).samples().seqs]).toEqual([6, 7, 8, 9]);
  expect([...Ring.from(filled(4, 9), 2).samples().seqs]).toEqual([8, 9]);
});

test("is empty after clearing", () => {
  const ring = filled(4, 9);
  ring.clear();
  expect(ring.length).toBe(0);
  expect(ring.samples().times).toHaveLength(0);
});

test("finds the last sample that is not after an instant", () => {
  const { times } = filled(8, 4).samples();
  expect([5, 10, 15, 40, 99].map((time) => indexAt(times, time))).toEqual([-1, 0, 0, 3, 3]);
  expect(indexAt(new Float64Array(0), 1)).toBe(-1);
});
