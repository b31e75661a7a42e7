/** The topic buffer: what it keeps, where it breaks the line, and which instant it shows. */

import { describe, expect, test } from "vitest";
import type { Hello } from "../src/client/protocol";
import { TopicBuffer } from "../src/topic_buffer";
import { recordAt } from "../src/topic_buffer/sample_ring";
import { batch, data, dueAt, hello, START, segment } from "./messages";
import { samplesOf } from "./samples";

function joined(rest: Parameters<typeof hello>[0] = {}): TopicBuffer {
  const buffer = new TopicBuffer(10_000);
  buffer.apply(hello(rest));
  return buffer;
}

/** The values of one field, by default the first, in order; "|" is a break. */
function line(buffer: TopicBuffer, name = buffer.fields[0]?.name): string {
  const column = buffer.fields.findIndex((field) => field.name === name);
  return (samplesOf(buffer).columns[column] ?? [])
    .map((value) => (Number.isNaN(value) ? "|" : value))
    .join(" ");
}

function names(buffer: TopicBuffer): (string | undefined)[] {
  return buffer.fields.map(({ name }) => name);
}

describe("gaps", () => {
  test("contiguous records make one line, alone or in batches", () => {
    const buffer = joined();
    buffer.apply(batch(1, 3));
    buffer.apply(data(4));
    buffer.apply({ ...batch(5, 2), dt: [0, 10_000] });
    expect(line(buffer)).toBe("1 2 3 4 5 6");
  });

  test("a gap breaks the line", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply({ type: "gap", from: 2, to: 8, reason: "slow" });
    buffer.apply(data(9));
    expect(line(buffer)).toBe("1 | 9");
  });

  test("a jump in seq breaks the line, even without a gap message", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply(data(3));
    expect(line(buffer)).toBe("1 | 3");
  });

  test.each([
    ["a loop of the dataset does not break the line", "loop", "1 2"],
    ["a seek in the dataset breaks the line", "seek", "1 | 2"],
  ])("%s", (_, reason, expected) => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply({ type: "jump", seq: 2, t: dueAt(2), index: 0, reason });
    buffer.apply(data(2));
    expect(line(buffer)).toBe(expected);
    expect(buffer.missed).toBe(0);
  });

  test("a gap or seek before the newest record changes nothing", () => {
    const buffer = joined();
    buffer.apply(batch(1, 5));
    buffer.apply({ type: "gap", from: 2, to: 4, reason: "expired" });
    buffer.apply({ type: "jump", seq: 5, t: dueAt(5), index: 0, reason: "seek" });
    buffer.apply(data(6));
    expect(line(buffer)).toBe("1 2 3 4 5 6");
  });

  test("missing records are counted, announced or not", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply({ type: "gap", from: 2, to: 8, reason: "slow" });
    expect(buffer.missed).toBe(0);
    buffer.apply(data(9));
    expect(buffer.missed).toBe(7);
    buffer.apply(data(12));
    expect(buffer.missed).toBe(9);
  });

  test("a record without the number breaks the line and advances the position", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply(data(2, { value: null }));
    buffer.apply(data(3));
    expect(line(buffer)).toBe("1 | 3");
    expect(buffer.joining(START / 1000)).toEqual({ since: "e1:3" });
  });

  test("after a change of labels, a record without a number still breaks the line", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply(hello({ recovered: true, fields: {} }));
    buffer.apply(data(2, {}));
    buffer.apply(data(3));
    expect(line(buffer)).toBe("1 | 3");
  });

  test("times are strictly increasing across breaks", () => {
    const buffer = joined();
    for (const seq of [1, 3, 4, 9]) buffer.apply(data(seq));
    const { times } = samplesOf(buffer);
    expect(times.every((time, i) => i === 0 || time > (times[i - 1] as number))).toBe(true);
  });

  test("a pause of the timeline breaks the line", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply({
      type: "state",
      t: dueAt(2),
      timeline: { ...segment, playing: false },
      delay: 0,
      by: null,
    });
    buffer.apply({ type: "state", t: dueAt(9), timeline: segment, delay: 0, by: null });
    buffer.playhead(dueAt(3) / 1000);
    buffer.playhead(dueAt(10) / 1000);
    buffer.apply({ ...data(2), t: dueAt(9) });
    expect(line(buffer)).toBe("1 | 2");
  });
});

describe("resuming", () => {
  test("records after a recovered hello continue the line", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply(hello({ seq: 3, recovered: true }));
    buffer.apply(batch(2, 2));
    expect(line(buffer)).toBe("1 2 3");
  });

  test("duplicate records are ignored", () => {
    const buffer = joined();
    buffer.apply(batch(1, 3));
    buffer.apply(batch(2, 3));
    expect(line(buffer)).toBe("1 2 3 4");
  });

  test("a changed unit is adopted, and the line continues", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply(hello({ recovered: true, fields: { value: { label: "ECG", unit: "mV" } } }));
    buffer.apply(data(2));
    expect(buffer.fields[0]?.unit).toBe("mV");
    expect(line(buffer)).toBe("1 2");
  });

  test("records announced missing that arrive over the next connection are neither a break nor missed", () => {
    const buffer = joined();
    buffer.apply(batch(1, 100));
    buffer.apply({ type: "gap", from: 101, to: 500, reason: "slow" });
    expect(buffer.joining(dueAt(500) / 1000)).toEqual({ since: "e1:100" });
    buffer.apply(hello({ seq: 500, recovered: true }));
    buffer.apply(batch(101, 400));
    expect(line(buffer)).not.toContain("|");
    expect(buffer.missed).toBe(0);
  });

  test("of the records announced missing, only those that never arrive count as missed, once", () => {
    const buffer = joined();
    buffer.apply(batch(1, 100));
    buffer.apply({ type: "gap", from: 101, to: 500, reason: "slow" });
    buffer.joining(dueAt(600) / 1000);
    buffer.apply(hello({ seq: 600, recovered: false }));
    buffer.apply({ type: "gap", from: 101, to: 400, reason: "expired" });
    buffer.apply(batch(401, 200));
    expect(line(buffer)).toContain(" 100 | 401 ");
    expect(buffer.missed).toBe(300);
  });

  test("a pause breaks the line exactly where it was, even if all records arrive", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply({
      type: "state",
      t: dueAt(3),
      timeline: { ...segment, playing: false },
      delay: 0,
      by: null,
    });
    buffer.apply({ type: "state", t: dueAt(9), timeline: segment, delay: 0, by: null });
    buffer.playhead(dueAt(10) / 1000);
    buffer.joining(dueAt(10) / 1000);
    buffer.apply(hello({ seq: 3, recovered: true, now: dueAt(10) }));
    buffer.apply(data(2));
    buffer.apply({ ...data(3), t: dueAt(9) });
    expect(line(buffer)).toBe("1 2 | 3");
    expect(buffer.missed).toBe(0);
  });

  test("a new epoch starts a new line", () => {
    const buffer = joined();
    buffer.apply(batch(1, 3));
    buffer.apply(hello({ epoch: "e2", recovered: false }));
    buffer.apply({ type: "gap", from: null, to: null, reason: "epoch" });
    buffer.apply(data(1));
    expect(line(buffer)).toBe("1");
    expect(buffer.joining(START / 1000)).toEqual({ since: "e2:1" });
  });

  test("a hub that is behind our position replaces our records", () => {
    const buffer = joined();
    buffer.apply(data(90));
    buffer.apply(hello({ recovered: false }));
    buffer.apply({ type: "gap", from: null, to: null, reason: "future" });
    buffer.apply(data(4));
    expect(line(buffer)).toBe("4");
    expect(buffer.missed).toBe(0);
  });

  test("a hub that is behind replaces our records even if our position was not requested", () => {
    const buffer = joined();
    buffer.apply(data(90));
    buffer.joining(dueAt(5_000) / 1000);
    buffer.apply(hello({ seq: 4, recovered: true }));
    buffer.apply(batch(3, 2));
    expect(line(buffer)).toBe("3 4");
  });

  test("records whose time decreases replace the earlier ones", () => {
    const buffer = joined();
    buffer.apply(batch(1, 3));
    buffer.apply({ ...data(4), t: dueAt(3) - 1 });
    buffer.apply(data(5));
    expect(line(buffer)).toBe("4 5");
  });

  test("records before a requested window are a break, but not missed", () => {
    const buffer = joined();
    buffer.apply(data(1));
    expect(buffer.joining(dueAt(5_000) / 1000)).toEqual({ last: 1_017 });
    buffer.apply(hello({ seq: 5_000, recovered: true }));
    buffer.apply(batch(3_984, 1_017));
    buffer.apply(data(5_003));
    expect(line(buffer)).toMatch(/^1 \| 3984 3985 .* 5000 \| 5003$/);
    expect(buffer.missed).toBe(2);
  });

  test("records of a requested window that the hub cannot send are missed", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.joining(dueAt(5_000) / 1000);
    buffer.apply(hello({ seq: 5_000, recovered: false }));
    buffer.apply({ type: "gap", from: 3_984, to: 4_990, reason: "expired" });
    buffer.apply(batch(4_991, 10));
    expect(line(buffer)).toMatch(/^1 \| 4991 .* 5000$/);
    expect(buffer.missed).toBe(1_007);
  });

  test("records requested by position that do not arrive are missed, announced or not", () => {
    const buffer = joined();
    buffer.apply(data(1));
    expect(buffer.joining(START / 1000)).toEqual({ since: "e1:1" });
    buffer.apply(hello({ seq: 9, recovered: true }));
    buffer.apply(data(9));
    expect(line(buffer)).toBe("1 | 9");
    expect(buffer.missed).toBe(7);
  });

  test("a requested window that overlaps our records continues the line", () => {
    const buffer = joined();
    buffer.apply(batch(1, 5));
    buffer.joining();
    buffer.apply(hello({ seq: 9, recovered: true }));
    buffer.apply(batch(3, 7));
    expect(line(buffer)).toBe("1 2 3 4 5 6 7 8 9");
  });

  test("a pause that still lasts after a reconnect does not break earlier records", () => {
    const buffer = joined();
    const resting = { seq: 2, recovered: true, timeline: { ...segment, playing: false } };
    buffer.apply(hello({ ...resting, now: dueAt(3) }));
    buffer.apply(data(1));
    buffer.apply(hello({ ...resting, now: dueAt(4) }));
    buffer.apply(data(2));
    expect(line(buffer)).toBe("1 2");
  });

  test("a pause that ended before a reconnect breaks the line", () => {
    const buffer = joined();
    buffer.apply(data(1));
    const paused = { ...segment, playing: false };
    buffer.apply(hello({ seq: 1, recovered: true, now: dueAt(2), timeline: paused }));
    buffer.apply(hello({ seq: 2, recovered: true, now: dueAt(90) }));
    buffer.apply({ ...data(2), t: dueAt(90) });
    expect(line(buffer)).toBe("1 | 2");
  });
});

describe("fields", () => {
  const both = (seq: number) => data(seq, { value: seq, temp: -seq });
  const temp = { temp: { label: "Temperature", unit: "°C" } };

  test("include every number of a record, labelled ones first, in label order", () => {
    const buffer = joined({ fields: { ...temp, value: { unit: "V" } } });
    buffer.apply(data(1, { id: 7, ok: true, value: 1, name: "x", temp: -1 }));
    const numbers = buffer.fields.filter(({ kind }) => kind === undefined);
    expect(numbers.map(({ name }) => name)).toEqual(["temp", "value", "id"]);
    expect(samplesOf(buffer).columns.slice(0, 3)).toEqual([[-1], [1], [7]]);
    expect(buffer.fields[0]).toEqual({ name: "temp", label: "Temperature", unit: "°C" });
  });

  test("include a record that is a number, as a field without a name", () => {
    const buffer = joined();
    buffer.apply(data(1, 7));
    expect(buffer.fields).toEqual([{ name: undefined, label: "ECG", unit: "µV" }]);
    expect(line(buffer)).toBe("7");
  });

  test("added later have no earlier values and keep the others' order", () => {
    const buffer = joined({ fields: temp });
    buffer.apply(batch(1, 2));
    buffer.apply(both(3));
    expect(names(buffer)).toEqual(["value", "temp"]);
    expect([line(buffer, "value"), line(buffer, "temp")]).toEqual(["1 2 3", "| | -3"]);
  });

  test("that records no longer have get no values and keep their index", () => {
    const buffer = joined();
    buffer.apply(both(1));
    buffer.apply(data(2, { temp: -2 }));
    expect([line(buffer, "value"), line(buffer, "temp")]).toEqual(["1 |", "-1 -2"]);
    buffer.apply(both(3));
    expect(line(buffer, "value")).toBe("1 | 3");
    expect(buffer.missed).toBe(0);
  });

  test("keep their lines under new labels, and without labels", () => {
    const buffer = joined();
    buffer.apply(both(1));
    buffer.apply(hello({ seq: 1, recovered: true, fields: { ...temp, value: { unit: "V" } } }));
    expect(buffer.fields).toEqual([
      { name: "value", label: undefined, unit: "V" },
      { name: "temp", label: "Temperature", unit: "°C" },
    ]);
    buffer.apply(both(2));
    buffer.apply(hello({ seq: 2, recovered: true, fields: {} }));
    buffer.apply(data(3, { value: null, temp: -3 }));
    expect([line(buffer, "value"), line(buffer, "temp")]).toEqual(["1 2 |", "-1 -2 -3"]);
    expect(buffer.fields[1]).toEqual({ name: "temp", label: undefined, unit: undefined });
  });

  test("are a new array whenever they have changed, and only then", () => {
    const buffer = joined();
    buffer.apply(data(1));
    const { fields } = buffer;
    buffer.apply(data(2));
    buffer.apply(hello({ seq: 2, recovered: true }));
    expect(buffer.fields).toBe(fields);
    buffer.apply(both(3));
    expect(buffer.fields).not.toBe(fields);
  });

  test("all break at a gap", () => {
    const buffer = joined();
    buffer.apply(both(1));
    buffer.apply(both(3));
    expect([line(buffer, "value"), line(buffer, "temp")]).toEqual(["1 | 3", "-1 | -3"]);
  });

  test("of an earlier epoch are dropped", () => {
    const buffer = joined();
    buffer.apply(both(1));
    buffer.apply(hello({ epoch: "e2", recovered: false }));
    expect(buffer.fields).toEqual([]);
    buffer.apply(data(1, { other: 4 }));
    expect(samplesOf(buffer).columns).toEqual([[4]]);
  });
});

describe("the playhead", () => {
  const startMs = START / 1000;

  test("is the hub's time minus the playout delay", () => {
    expect(joined({ delay: 150_000 }).playhead(startMs + 1_000)).toBe(startMs + 850);
  });

  test("approaches a new delay from the instant of its state on", () => {
    const buffer = joined({ delay: 150_000 });
    buffer.apply({ type: "state", t: START + 1_000_000, timeline: segment, delay: 250_000, by: "config" });
    expect(buffer.playhead(startMs + 1_150)).toBe(startMs + 1_000);
    expect(buffer.playhead(startMs + 1_350)).toBe(startMs + 1_150);
    expect(buffer.playhead(startMs + 1_550)).toBe(startMs + 1_300);
    expect([1_150, 1_350, 9_000].map((ms) => buffer.delayMs(startMs + ms))).toEqual([150, 200, 250]);
  });

  test("stays at the last record once the dataset has ended", () => {
    const buffer = joined({ delay: 0 });
    buffer.apply({ type: "end", seq: 5, t: dueAt(5) });
    expect(buffer.hasEnded(startMs + 39)).toBe(false);
    expect(buffer.playhead(startMs + 9_000)).toBe(dueAt(5) / 1000);
    expect(buffer.hasEnded(startMs + 9_000)).toBe(true);
  });

  test("stays at the end after another hello, unless the timeline continues or is a new one", () => {
    const ended = () => {
      const buffer = joined({ delay: 0 });
      buffer.apply(batch(1, 5));
      buffer.apply({ type: "end", seq: 5, t: dueAt(5) });
      return buffer;
    };
    const endsAfter = (greeting: Partial<Hello>) => {
      const buffer = ended();
      buffer.apply(hello({ delay: 0, ...greeting }));
      return buffer.hasEnded(startMs + 9_000);
    };
    expect(endsAfter({ seq: 5 })).toBe(true);
    expect(endsAfter({ seq: 6 })).toBe(false);
    expect(endsAfter({ seq: 5, epoch: "e2" })).toBe(false);
  });

  test("shows the record that is due, not the next one or a break", () => {
    const buffer = joined();
    buffer.apply(batch(1, 9));
    buffer.apply(data(12));
    const samples = buffer.samples();
    const seqAt = (instant: number) => samples.seqs[recordAt(samples, instant)];
    expect(seqAt(dueAt(4) / 1000 + 9.9)).toBe(4);
    expect(seqAt(dueAt(12) / 1000 - 0.1)).toBe(9);
    expect(seqAt(startMs - 1)).toBeUndefined();
  });

  test("pauses and continues when the drawn instant gets there, whatever has arrived before", () => {
    const buffer = joined({ delay: 100_000 });
    const rest = { ...segment, playing: false };
    buffer.apply({ type: "state", t: dueAt(3), timeline: rest, delay: 100_000, by: null });
    buffer.apply({ type: "state", t: dueAt(51), timeline: segment, delay: 100_000, by: null });
    // Records from before the pause may follow its announcement, and later ones arrive before they are drawn.
    buffer.apply(batch(1, 2));
    buffer.apply({ ...data(3), t: dueAt(51) });
    const shown = [19, 20, 300, 499, 500, 600].map((ms) => buffer.playhead(startMs + 100 + ms) - startMs);
    expect(shown).toEqual([19, 20, 20, 20, 500, 600]);
    expect(line(buffer)).toBe("1 2 | 3");
  });

  test("does not pause if the pause was replaced before its instant", () => {
    const buffer = joined({ delay: 100_000 });
    buffer.apply(batch(1, 2));
    const rest = { ...segment, playing: false };
    buffer.apply({ type: "state", t: dueAt(5), timeline: rest, delay: 100_000, by: null });
    buffer.apply({ type: "state", t: dueAt(4), timeline: segment, delay: 100_000, by: null });
    buffer.apply(batch(3, 9));
    expect(buffer.playhead(startMs + 1_000)).toBe(startMs + 900);
    expect(line(buffer)).toBe("1 2 3 4 5 6 7 8 9 10 11");
  });

  test("passes the end of the dataset if a later state continues the timeline", () => {
    const buffer = joined({ delay: 0 });
    buffer.apply(batch(1, 5));
    buffer.apply({ type: "end", seq: 5, t: dueAt(5) });
    const again = { ...segment, seq0: 6, t0: dueAt(100) };
    buffer.apply({ type: "state", t: dueAt(100), timeline: again, delay: 0, by: null });
    expect(buffer.playhead(dueAt(99) / 1000)).toBe(dueAt(5) / 1000);
    expect(buffer.hasEnded(dueAt(99) / 1000)).toBe(true);
    expect(buffer.playhead(dueAt(100) / 1000)).toBe(dueAt(100) / 1000);
    expect(buffer.hasEnded(dueAt(100) / 1000)).toBe(false);
  });

  test("breaks the line at a pause even if no frame was drawn during it", () => {
    const buffer = joined();
    buffer.apply(data(1));
    const rest = { ...segment, playing: false };
    buffer.apply({ type: "state", t: dueAt(2), timeline: rest, delay: 0, by: null });
    buffer.apply({ type: "state", t: dueAt(9), timeline: segment, delay: 0, by: null });
    buffer.apply({ ...data(2), t: dueAt(9) });
    expect(line(buffer)).toBe("1 | 2");
  });
});

describe("starving", () => {
  const at = (seq: number) => dueAt(seq) / 1000;

  test("means that the next record is more than a period overdue at the playhead", () => {
    const buffer = joined();
    buffer.apply(batch(1, 9));
    expect(buffer.isStarving(at(9))).toBe(false);
    expect(buffer.isStarving(at(11) - 1)).toBe(false);
    expect(buffer.isStarving(at(11))).toBe(true);
    buffer.apply(data(10));
    expect(buffer.isStarving(at(11))).toBe(false);
  });

  test("is judged by the rate in force at the playhead", () => {
    const buffer = joined();
    buffer.apply(batch(1, 9));
    const slow = { ...segment, seq0: 11, t0: dueAt(11), rate: 1 };
    buffer.apply({ type: "state", t: dueAt(11), timeline: slow, delay: 150_000, by: null });
    expect([at(11) - 1, at(11)].map((playhead) => buffer.periodMs(playhead))).toEqual([10, 1_000]);
    buffer.apply(data(10));
    // The next record is due at 11, and a second later it is a whole period overdue.
    expect(buffer.isStarving(at(11) + 999)).toBe(false);
    expect(buffer.isStarving(at(11) + 1_000)).toBe(true);
  });

  test.each([
    ["that has not started", () => joined()],
    ["that is live, whose schedule is unknown", () => joined({ timeline: null })],
    ["that is paused", () => joined({ timeline: { ...segment, playing: false } })],
  ])("does not apply to a topic %s", (_, join) => {
    expect(join().isStarving(at(99))).toBe(false);
  });

  test("does not apply to a topic that has ended", () => {
    const buffer = joined();
    buffer.apply(data(1));
    buffer.apply({ type: "end", seq: 1, t: dueAt(1) });
    expect(buffer.isStarving(at(99))).toBe(false);
  });
});

describe("memory", () => {
  test("is bounded by the window, whatever the backfill", () => {
    const buffer = joined();
    for (let seq = 1; seq < 20_000; seq += 256) buffer.apply(batch(seq, 256));
    const { times } = samplesOf(buffer);
    expect(times.length).toBeGreaterThan(1_000);
    expect(times.length).toBeLessThan(2_000);
  });

  test("grows with a faster timeline as soon as it is announced, and keeps the records", () => {
    const buffer = joined();
    buffer.apply(batch(1, 5));
    const fast = { ...segment, seq0: 6, t0: dueAt(6), rate: 10_000 };
    buffer.apply({ type: "state", t: dueAt(6), timeline: fast, delay: 150_000, by: null });
    expect(line(buffer)).toBe("1 2 3 4 5");
    for (let seq = 6; seq < 100_000; seq += 256)
      buffer.apply({ ...batch(seq, 256), t: dueAt(6) + seq * 100, dt: 100 });
    expect(samplesOf(buffer).seqs.length).toBeGreaterThan(90_000);
  });

  test("hands out the same object every time", () => {
    const buffer = joined();
    const samples = buffer.samples();
    for (let seq = 1; seq < 9_000; seq += 256) buffer.apply(batch(seq, 256));
    buffer.setWindow(600_000);
    expect(buffer.samples()).toBe(samples);
  });

  test("grows with a wider window and keeps the records", () => {
    const buffer = joined();
    buffer.apply(batch(1, 1_000));
    buffer.setWindow(60_000);
    for (let seq = 1_001; seq < 9_000; seq += 256) buffer.apply(batch(seq, 256));
    expect(samplesOf(buffer).seqs.length).toBeGreaterThan(6_000);
    buffer.setWindow(1_000);
    expect(samplesOf(buffer).seqs.length).toBeGreaterThan(6_000);
  });

  test("of a live topic grows with its actual rate", () => {
    const buffer = joined({ timeline: null });
    for (let seq = 1; seq < 300_000; seq += 1_000) buffer.apply({ ...batch(seq, 1_000), dt: 100 });
    expect(samplesOf(buffer).seqs.length).toBe(16_384);
    buffer.apply(hello({ epoch: "e2", timeline: null }));
    buffer.setWindow(366 * 86_400_000);
    for (let seq = 1; seq < 300_000; seq += 1_000) buffer.apply(batch(seq, 1_000));
    expect(samplesOf(buffer).seqs.length).toBe(262_144);
  });
});
