/** Messages as a hub would send them, with defaults for irrelevant fields. For tests only. */

import type { Batch, Data, Hello, Json, TimelineSegment } from "../src/client/protocol";

/** A round instant, in microseconds. */
export const START = 1_700_000_000_000_000;
/** Period of the timeline below, in microseconds. */
export const PERIOD = 10_000;

export const segment: TimelineSegment = { seq0: 1, t0: START, index0: 0, rate: 100, playing: true };

export function dueAt(seq: number): number {
  return START + (seq - 1) * PERIOD;
}

export function hello(rest: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    protocol: "tickcast.v1",
    topic: "ecg",
    epoch: "e1",
    seq: 0,
    now: START,
    recovered: null,
    delay: 150_000,
    timeline: segment,
    retained: null,
    dataset: null,
    fields: { value: { label: "ECG", unit: "µV" } },
    viewers: 1,
    ...rest,
  };
}

export function data(seq: number, record: Json = { value: seq }): Data {
  return { type: "data", seq, t: dueAt(seq), data: record };
}

export function batch(seq: number, count: number): Batch {
  const records = Array.from({ length: count }, (_, i): Json => ({ value: seq + i }));
  return { type: "batch", seq, t: dueAt(seq), dt: PERIOD, data: records };
}
