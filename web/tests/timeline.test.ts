/** The timeline: what it keeps, where it breaks the line, and which instant it shows. */

import { describe, expect, test } from "vitest";
import type { Hello } from "../src/client/protocol";
import { Timeline } from "../src/timeline";
import { recordAt } from "../src/timeline/ring";
import { batch, data, dueAt, hello, START, segment } from "./messages";
import { samplesOf } from "./samples";

function joined(rest: Parameters<typeof hello>[0] = {}): Timeline {
  const timeline = new Timeline(10_000);
  timeline.apply(hello(rest));
  return timeline;
}

/** The values of one field, else the first, in order; a break in the line is a "|". */
function line(timeline: Timeline, name = timeline.fields[0]?.name): string {
  const column = timeline.fields.findIndex((field) => field.name === name);
  return (samplesOf(timeline).columns[column] ?? [])
    .map((value) => (Number.isNaN(value) ? "|" : value))
    .join(" ");
}

function names(timeline: Timeline): (string | undefined)[] {
  return timeline.fields.map(({ name }) => name);
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

  test.each([
    ["a loop of the dataset does not break the line", "loop", "1 2"],
    ["a move to elsewhere in the dataset breaks the line", "seek", "1 | 2"],
  ])("%s", (_, reason, expected) => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply({ type: "jump", seq: 2, t: dueAt(2), index: 0, reason });
    timeline.apply(data(2));
    expect(line(timeline)).toBe(expected);
    expect(timeline.missed).toBe(0);
  });

  test("a gap or a move that lies behind us changes nothing", () => {
    const timeline = joined();
    timeline.apply(batch(1, 5));
    timeline.apply({ type: "gap", from: 2, to: 4, reason: "expired" });
    timeline.apply({ type: "jump", seq: 5, t: dueAt(5), index: 0, reason: "seek" });
    timeline.apply(data(6));
    expect(line(timeline)).toBe("1 2 3 4 5 6");
  });

  test("what is missing is counted, whether the hub told it or not", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply({ type: "gap", from: 2, to: 8, reason: "slow" });
    expect(timeline.missed).toBe(0);
    timeline.apply(data(9));
    expect(timeline.missed).toBe(7);
    timeline.apply(data(12));
    expect(timeline.missed).toBe(9);
  });

  test("a record without the number breaks the line and is kept as a place", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply(data(2, { value: null }));
    timeline.apply(data(3));
    expect(line(timeline)).toBe("1 | 3");
    expect(timeline.joining(START / 1000)).toEqual({ since: "e1:3" });
  });

  test("where the labels change, a record without a number still breaks the line", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply(hello({ recovered: true, fields: {} }));
    timeline.apply(data(2, {}));
    timeline.apply(data(3));
    expect(line(timeline)).toBe("1 | 3");
  });

  test("times are strictly increasing across breaks", () => {
    const timeline = joined();
    for (const seq of [1, 3, 4, 9]) timeline.apply(data(seq));
    const { times } = samplesOf(timeline);
    expect(times.every((time, i) => i === 0 || time > (times[i - 1] as number))).toBe(true);
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
    expect(timeline.fields[0]?.unit).toBe("mV");
    expect(line(timeline)).toBe("1 2");
  });

  test("what a gap named and the next connection brings after all is no break, and was not missed", () => {
    const timeline = joined();
    timeline.apply(batch(1, 100));
    timeline.apply({ type: "gap", from: 101, to: 500, reason: "slow" });
    expect(timeline.joining(dueAt(500) / 1000)).toEqual({ since: "e1:100" });
    timeline.apply(hello({ seq: 500, recovered: true }));
    timeline.apply(batch(101, 400));
    expect(line(timeline)).not.toContain("|");
    expect(timeline.missed).toBe(0);
  });

  test("of what a gap named, only what does not come after all is missed, once", () => {
    const timeline = joined();
    timeline.apply(batch(1, 100));
    timeline.apply({ type: "gap", from: 101, to: 500, reason: "slow" });
    timeline.joining(dueAt(600) / 1000);
    timeline.apply(hello({ seq: 600, recovered: false }));
    timeline.apply({ type: "gap", from: 101, to: 400, reason: "expired" });
    timeline.apply(batch(401, 200));
    expect(line(timeline)).toContain(" 100 | 401 ");
    expect(timeline.missed).toBe(300);
  });

  test("a rest is a break also where everything follows, and only where it was", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply({
      type: "state",
      t: dueAt(3),
      timeline: { ...segment, playing: false },
      delay: 0,
      by: null,
    });
    timeline.apply({ type: "state", t: dueAt(9), timeline: segment, delay: 0, by: null });
    timeline.playhead(dueAt(10) / 1000);
    timeline.joining(dueAt(10) / 1000);
    timeline.apply(hello({ seq: 3, recovered: true }));
    timeline.apply(data(2));
    timeline.apply({ ...data(3), t: dueAt(9) });
    expect(line(timeline)).toBe("1 2 | 3");
    expect(timeline.missed).toBe(0);
  });

  test("another epoch is another line", () => {
    const timeline = joined();
    timeline.apply(batch(1, 3));
    timeline.apply(hello({ epoch: "e2", recovered: false }));
    timeline.apply({ type: "gap", from: null, to: null, reason: "epoch" });
    timeline.apply(data(1));
    expect(line(timeline)).toBe("1");
    expect(timeline.joining(START / 1000)).toEqual({ since: "e2:1" });
  });

  test("a hub that stands behind us is believed", () => {
    const timeline = joined();
    timeline.apply(data(90));
    timeline.apply(hello({ recovered: false }));
    timeline.apply({ type: "gap", from: null, to: null, reason: "future" });
    timeline.apply(data(4));
    expect(line(timeline)).toBe("4");
    expect(timeline.missed).toBe(0);
  });

  test("a hub that stands behind us is believed although it was not asked about our position", () => {
    const timeline = joined();
    timeline.apply(data(90));
    timeline.joining(dueAt(5_000) / 1000);
    timeline.apply(hello({ seq: 4, recovered: true }));
    timeline.apply(batch(3, 2));
    expect(line(timeline)).toBe("3 4");
  });

  test("records that are not after those we have replace them: the hub is believed", () => {
    const timeline = joined();
    timeline.apply(batch(1, 3));
    timeline.apply({ ...data(4), t: dueAt(3) });
    timeline.apply(data(5));
    expect(line(timeline)).toBe("4 5");
  });

  test("what lies before the newest records asked for is a break, and was not missed", () => {
    const timeline = joined();
    timeline.apply(data(1));
    expect(timeline.joining(dueAt(5_000) / 1000)).toEqual({ last: 1_017 });
    timeline.apply(hello({ seq: 5_000, recovered: true }));
    timeline.apply(batch(3_984, 1_017));
    timeline.apply(data(5_003));
    expect(line(timeline)).toMatch(/^1 \| 3984 3985 .* 5000 \| 5003$/);
    expect(timeline.missed).toBe(2);
  });

  test("of the newest records asked for, those that the hub cannot give were missed", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.joining(dueAt(5_000) / 1000);
    timeline.apply(hello({ seq: 5_000, recovered: false }));
    timeline.apply({ type: "gap", from: 3_984, to: 4_990, reason: "expired" });
    timeline.apply(batch(4_991, 10));
    expect(line(timeline)).toMatch(/^1 \| 4991 .* 5000$/);
    expect(timeline.missed).toBe(1_007);
  });

  test("what does not follow on although it was asked for by position was missed, told or not", () => {
    const timeline = joined();
    timeline.apply(data(1));
    expect(timeline.joining(START / 1000)).toEqual({ since: "e1:1" });
    timeline.apply(hello({ seq: 9, recovered: true }));
    timeline.apply(data(9));
    expect(line(timeline)).toBe("1 | 9");
    expect(timeline.missed).toBe(7);
  });

  test("newest records that reach back to ours go on with the same line", () => {
    const timeline = joined();
    timeline.apply(batch(1, 5));
    timeline.joining();
    timeline.apply(hello({ seq: 9, recovered: true }));
    timeline.apply(batch(3, 7));
    expect(line(timeline)).toBe("1 2 3 4 5 6 7 8 9");
  });

  test("a rest that still lasts as we come back breaks nothing that was before it", () => {
    const timeline = joined();
    const resting = { seq: 2, recovered: true, timeline: { ...segment, playing: false } };
    timeline.apply(hello(resting));
    timeline.apply(data(1));
    timeline.apply(hello(resting));
    timeline.apply(data(2));
    expect(line(timeline)).toBe("1 2");
  });

  test("a rest that was over before we came back is not bridged", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply(hello({ seq: 1, recovered: true, timeline: { ...segment, playing: false } }));
    timeline.apply(hello({ seq: 2, recovered: true }));
    timeline.apply({ ...data(2), t: dueAt(90) });
    expect(line(timeline)).toBe("1 | 2");
  });
});

describe("fields", () => {
  const both = (seq: number) => data(seq, { value: seq, temp: -seq });
  const temp = { temp: { label: "Temperature", unit: "°C" } };

  test("every number of a record is a line, the labelled first, in the order of the labels", () => {
    const timeline = joined({ fields: { ...temp, value: { unit: "V" } } });
    timeline.apply(data(1, { id: 7, ok: true, value: 1, name: "x", temp: -1 }));
    expect(names(timeline)).toEqual(["temp", "value", "id"]);
    expect(samplesOf(timeline).columns).toEqual([[-1], [1], [7]]);
    expect(timeline.fields[0]).toEqual({ name: "temp", label: "Temperature", unit: "°C" });
  });

  test("a record that is a number is a field without a name", () => {
    const timeline = joined();
    timeline.apply(data(1, 7));
    expect(timeline.fields).toEqual([{ name: undefined, label: "ECG", unit: "µV" }]);
    expect(line(timeline)).toBe("7");
  });

  test("one that comes later has no values before, and takes nobody's place", () => {
    const timeline = joined({ fields: temp });
    timeline.apply(batch(1, 2));
    timeline.apply(both(3));
    expect(names(timeline)).toEqual(["value", "temp"]);
    expect([line(timeline, "value"), line(timeline, "temp")]).toEqual(["1 2 3", "| | -3"]);
  });

  test("one that records no longer have shows no values, and keeps its place", () => {
    const timeline = joined();
    timeline.apply(both(1));
    timeline.apply(data(2, { temp: -2 }));
    expect([line(timeline, "value"), line(timeline, "temp")]).toEqual(["1 |", "-1 -2"]);
    timeline.apply(both(3));
    expect(line(timeline, "value")).toBe("1 | 3");
    expect(timeline.missed).toBe(0);
  });

  test("keep their lines under new labels, and without any", () => {
    const timeline = joined();
    timeline.apply(both(1));
    timeline.apply(hello({ seq: 1, recovered: true, fields: { ...temp, value: { unit: "V" } } }));
    expect(timeline.fields).toEqual([
      { name: "value", label: undefined, unit: "V" },
      { name: "temp", label: "Temperature", unit: "°C" },
    ]);
    timeline.apply(both(2));
    timeline.apply(hello({ seq: 2, recovered: true, fields: {} }));
    timeline.apply(data(3, { value: null, temp: -3 }));
    expect([line(timeline, "value"), line(timeline, "temp")]).toEqual(["1 2 |", "-1 -2 -3"]);
    expect(timeline.fields[1]).toEqual({ name: "temp", label: undefined, unit: undefined });
  });

  test("the list is another one whenever it has changed, and only then", () => {
    const timeline = joined();
    timeline.apply(data(1));
    const { fields } = timeline;
    timeline.apply(data(2));
    timeline.apply(hello({ seq: 2, recovered: true }));
    expect(timeline.fields).toBe(fields);
    timeline.apply(both(3));
    expect(timeline.fields).not.toBe(fields);
  });

  test("a break breaks every line", () => {
    const timeline = joined();
    timeline.apply(both(1));
    timeline.apply(both(3));
    expect([line(timeline, "value"), line(timeline, "temp")]).toEqual(["1 | 3", "-1 | -3"]);
  });

  test("another epoch knows nothing of those before", () => {
    const timeline = joined();
    timeline.apply(both(1));
    timeline.apply(hello({ epoch: "e2", recovered: false }));
    expect(timeline.fields).toEqual([]);
    timeline.apply(data(1, { other: 4 }));
    expect(samplesOf(timeline).columns).toEqual([[4]]);
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
    expect(timeline.hasEnded(startMs + 39)).toBe(false);
    expect(timeline.playhead(startMs + 9_000)).toBe(dueAt(5) / 1000);
    expect(timeline.hasEnded(startMs + 9_000)).toBe(true);
  });

  test("stays at the end also while the hub greets again, unless it goes on or is another timeline", () => {
    const ended = () => {
      const timeline = joined({ delay: 0 });
      timeline.apply(batch(1, 5));
      timeline.apply({ type: "end", seq: 5, t: dueAt(5) });
      return timeline;
    };
    const endsAfter = (greeting: Partial<Hello>) => {
      const timeline = ended();
      timeline.apply(hello({ delay: 0, ...greeting }));
      return timeline.hasEnded(startMs + 9_000);
    };
    expect(endsAfter({ seq: 5 })).toBe(true);
    expect(endsAfter({ seq: 6 })).toBe(false);
    expect(endsAfter({ seq: 5, epoch: "e2" })).toBe(false);
  });

  test("shows the record that is due, not the one to come, nor a break", () => {
    const timeline = joined();
    timeline.apply(batch(1, 9));
    timeline.apply(data(12));
    const samples = timeline.samples();
    const seqAt = (instant: number) => samples.seqs[recordAt(samples, instant)];
    expect(seqAt(dueAt(4) / 1000 + 9.9)).toBe(4);
    expect(seqAt(dueAt(12) / 1000 - 0.1)).toBe(9);
    expect(seqAt(startMs - 1)).toBeUndefined();
  });

  test("rests as soon as a message shows that the announced instant has come, frames or not", () => {
    const rest = { ...segment, playing: false };
    for (const later of [
      batch(3, 1),
      { type: "pong", id: 1, r: dueAt(3), s: dueAt(3) } as const,
      hello({ seq: 2, recovered: true, now: dueAt(3) }),
    ]) {
      const timeline = joined();
      timeline.apply(batch(1, 2));
      timeline.apply({ type: "state", t: dueAt(3) - 1, timeline: rest, delay: 0, by: null });
      timeline.apply({ type: "state", t: dueAt(3), timeline: segment, delay: 0, by: null });
      timeline.apply(later);
      expect(timeline.delayMs).toBe(later.type === "hello" ? 150 : 0);
    }
  });

  test("a rest that nobody drew is not bridged", () => {
    const timeline = joined();
    timeline.apply(data(1));
    const rest = { ...segment, playing: false };
    timeline.apply({ type: "state", t: dueAt(2), timeline: rest, delay: 0, by: null });
    timeline.apply({ type: "state", t: dueAt(9), timeline: segment, delay: 0, by: null });
    timeline.apply({ ...data(2), t: dueAt(9) });
    expect(line(timeline)).toBe("1 | 2");
  });
});

describe("starving", () => {
  const at = (seq: number) => dueAt(seq) / 1000;

  test("is a line whose next record is due at the playhead and more than a period late", () => {
    const timeline = joined();
    timeline.apply(batch(1, 9));
    expect(timeline.isStarving(at(9))).toBe(false);
    expect(timeline.isStarving(at(11) - 1)).toBe(false);
    expect(timeline.isStarving(at(11))).toBe(true);
    timeline.apply(data(10));
    expect(timeline.isStarving(at(11))).toBe(false);
  });

  test.each([
    ["that has not begun", () => joined()],
    ["that is live, for nobody knows what is due", () => joined({ timeline: null })],
    ["that rests", () => joined({ timeline: { ...segment, playing: false } })],
  ])("is no line %s", (_, join) => {
    expect(join().isStarving(at(99))).toBe(false);
  });

  test("is no line that has ended", () => {
    const timeline = joined();
    timeline.apply(data(1));
    timeline.apply({ type: "end", seq: 1, t: dueAt(1) });
    expect(timeline.isStarving(at(99))).toBe(false);
  });
});

describe("memory", () => {
  test("is bounded by the window, whatever the backfill", () => {
    const timeline = joined();
    for (let seq = 1; seq < 20_000; seq += 256) timeline.apply(batch(seq, 256));
    const { times } = samplesOf(timeline);
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

  test("hands out one object for good", () => {
    const timeline = joined();
    const samples = timeline.samples();
    for (let seq = 1; seq < 9_000; seq += 256) timeline.apply(batch(seq, 256));
    timeline.showWindow(600_000);
    expect(timeline.samples()).toBe(samples);
  });

  test("a wider window keeps what there is, and more of what comes", () => {
    const timeline = joined();
    timeline.apply(batch(1, 1_000));
    timeline.showWindow(60_000);
    for (let seq = 1_001; seq < 9_000; seq += 256) timeline.apply(batch(seq, 256));
    expect(samplesOf(timeline).seqs.length).toBeGreaterThan(6_000);
    timeline.showWindow(1_000);
    expect(samplesOf(timeline).seqs.length).toBeGreaterThan(6_000);
  });

  test("a live topic gets as much room as its rate turns out to need", () => {
    const timeline = joined({ timeline: null });
    for (let seq = 1; seq < 300_000; seq += 1_000) timeline.apply({ ...batch(seq, 1_000), dt: 100 });
    expect(samplesOf(timeline).seqs.length).toBe(16_384);
    timeline.apply(hello({ epoch: "e2", timeline: null }));
    timeline.showWindow(366 * 86_400_000);
    for (let seq = 1; seq < 300_000; seq += 1_000) timeline.apply(batch(seq, 1_000));
    expect(samplesOf(timeline).seqs.length).toBe(262_144);
  });
});
