/** The timeline: what it keeps, where it breaks the line, and which instant it shows. */

import { describe, expect, test } from "vitest";
import { sampleAt, still, Timeline } from "../src/timeline";
import { batch, data, dueAt, hello, START, segment } from "./messages";

const END_OF_TIME = Number.MAX_SAFE_INTEGER;

function joined(rest: Parameters<typeof hello>[0] = {}): Timeline {
  const timeline = new Timeline(10_000);
  timeline.apply(hello(rest));
  return timeline;
}

/** The values in order; a break in the line is a "|". */
function line(timeline: Timeline): string {
  return [...timeline.picture(END_OF_TIME).values]
    .map((value) => (Number.isNaN(value) ? "|" : value))
    .join(" ");
}

describe("gaps", () => {
  test("records that follow on make one line, whether alone or in batches", () => {
    const timeline = joined();
    timeline.apply(batch(1, 3));
    timeline.apply(data(4));
    timeline.apply({ ...batch(5, 2), dt: [0, 10_000] });
    expect(line(timeline)).toBe("1 2 3 4 5 6");
  });

  test("where the hub says gap, the line breaks", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply({ type: "gap", from: 2, to: 8, reason: "slow" });
    timeline.apply(data(9));
    expect(line(timeline)).toBe("1 | 9");
  });

  test("where seq does not follow on, the line breaks, even if nobody said so", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply(data(3));
    expect(line(timeline)).toBe("1 | 3");
  });

  test("a loop of the dataset does not break the line", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply({ type: "jump", seq: 2, t: dueAt(2), index: 0, reason: "loop" });
    timeline.apply(data(2));
    expect(line(timeline)).toBe("1 2");
  });

  test("a record without the number breaks the line and is kept as a place", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply(data(2, { value: null }));
    timeline.apply(data(3));
    expect(line(timeline)).toBe("1 | 3");
    expect(timeline.position).toBe("e1:3");
  });

  test("times are strictly increasing across breaks", () => {
    const timeline = joined();
    for (const seq of [1, 3, 4, 9]) timeline.apply(data(seq));
    const { times } = timeline.picture(END_OF_TIME);
    expect([...times].every((time, i) => i === 0 || time > (times[i - 1] as number))).toBe(true);
  });

  test("a rest of the timeline is not bridged", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply({
      type: "state",
      t: dueAt(2),
      timeline: { ...segment, playing: false },
      delay: 0,
      by: null,
    });
    timeline.apply({ type: "state", t: dueAt(9), timeline: segment, delay: 0, by: null });
    timeline.playhead(dueAt(3) / 1000);
    timeline.playhead(dueAt(10) / 1000);
    timeline.apply({ ...data(2), t: dueAt(9) });
    expect(line(timeline)).toBe("1 | 2");
  });
});

describe("resuming", () => {
  test("the position is that of the newest record, and none before the first", () => {
    const timeline = joined();
    expect(timeline.position).toBeUndefined();
    timeline.apply(batch(5, 4));
    expect(timeline.position).toBe("e1:8");
  });

  test("what follows a recovered hello goes on with the same line", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply(hello({ seq: 3, recovered: true }));
    timeline.apply(batch(2, 2));
    expect(line(timeline)).toBe("1 2 3");
  });

  test("a record that is known already is not drawn twice", () => {
    const timeline = joined();
    timeline.apply(batch(1, 3));
    timeline.apply(batch(2, 3));
    expect(line(timeline)).toBe("1 2 3 4");
  });

  test("a unit that the operator has changed meanwhile is taken over, and the line goes on", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply(hello({ recovered: true, fields: { value: { label: "ECG", unit: "mV" } } }));
    timeline.apply(data(2));
    expect(timeline.field?.unit).toBe("mV");
    expect(line(timeline)).toBe("1 2");
  });

  test("another epoch is another line", () => {
    const timeline = joined();
    timeline.apply(batch(1, 3));
    timeline.apply(hello({ epoch: "e2", recovered: false }));
    timeline.apply({ type: "gap", from: null, to: null, reason: "epoch" });
    timeline.apply(data(1));
    expect(line(timeline)).toBe("1");
    expect(timeline.position).toBe("e2:1");
  });

  test("a hub that stands behind us is believed", () => {
    const timeline = joined();
    timeline.apply(data(90));
    timeline.apply(hello({ recovered: false }));
    timeline.apply({ type: "gap", from: null, to: null, reason: "future" });
    timeline.apply(data(4));
    expect(line(timeline)).toBe("4");
  });
});

describe("the playhead", () => {
  const startMs = START / 1000;

  test("is the hub's time less the delay of the group", () => {
    expect(joined({ delay: 150_000 }).playhead(startMs + 1_000)).toBe(startMs + 850);
  });

  test("takes a new delay at the instant announced, not before", () => {
    const timeline = joined({ delay: 150_000 });
    timeline.apply({ type: "state", t: START + 1_000_000, timeline: segment, delay: 300_000, by: "config" });
    expect(timeline.playhead(startMs + 999)).toBe(startMs + 849);
    expect(timeline.playhead(startMs + 1_000)).toBe(startMs + 700);
  });

  test("stays at the last record once the dataset is over", () => {
    const timeline = joined({ delay: 0 });
    timeline.apply({ type: "end", seq: 5, t: dueAt(5) });
    expect(timeline.hasEnded(timeline.playhead(startMs + 39))).toBe(false);
    expect(timeline.playhead(startMs + 9_000)).toBe(dueAt(5) / 1000);
    expect(timeline.hasEnded(timeline.playhead(startMs + 9_000))).toBe(true);
  });

  test("shows the record that is due, not the one to come", () => {
    const timeline = joined();
    timeline.apply(batch(1, 9));
    expect(sampleAt(timeline.picture(dueAt(4) / 1000 + 9.9))).toEqual({ value: 4, seq: 4 });
    expect(sampleAt(timeline.picture(startMs - 1))).toBeUndefined();
  });
});

describe("memory", () => {
  test("is bounded by the window, whatever the backfill", () => {
    const timeline = joined();
    for (let seq = 1; seq < 20_000; seq += 256) timeline.apply(batch(seq, 256));
    const { times } = timeline.picture(END_OF_TIME);
    expect(times.length).toBeGreaterThan(1_000);
    expect(times.length).toBeLessThan(2_000);
  });

  test("grows with a faster timeline and keeps what it has", () => {
    const timeline = joined();
    timeline.apply(batch(1, 5));
    timeline.apply({
      type: "state",
      t: START,
      timeline: { ...segment, rate: 10_000 },
      delay: 150_000,
      by: null,
    });
    timeline.playhead(START / 1000);
    expect(line(timeline)).toBe("1 2 3 4 5");
  });

  test("a still picture is not touched by later records", () => {
    const timeline = joined();
    timeline.apply(batch(1, 3));
    const picture = still(timeline.picture(END_OF_TIME));
    for (let seq = 4; seq < 9_000; seq += 256) timeline.apply(batch(seq, 256));
    expect([...picture.values]).toEqual([1, 2, 3]);
  });
});
