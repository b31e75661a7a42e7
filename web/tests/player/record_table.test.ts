/** The newest records as a table: one column per key, each value as the hub has spelled it. */

import { expect, test } from "vitest";
import { newestSamples } from "../../src/player/newest_samples";
import { recordTable } from "../../src/player/record_table";
import type { SeriesTrace } from "../../src/player/series_trace";
import { SEQS, type Trace } from "../../src/scene";
import { samples } from "../samples";

/** The records of a topic, one every 10 ms from instant 0 on; undefined ones are not loaded yet. */
function topic(name: string, texts: readonly (string | undefined)[], playhead = 1_000): SeriesTrace {
  const fields = [{ name: "v", label: "Speed", unit: "m/s" }];
  return {
    series: { key: name, topic: name, field: fields[0], colour: 0 },
    parts: [{ samples: samples(texts.map(() => 0)), column: SEQS }],
    playhead,
    subscription: { textOf: (seq: number) => texts[seq - 1], buffer: { fields } },
  } as unknown as SeriesTrace;
}

const ALL = { from: 0, to: 1_000 };

test("every key has a column, nested ones too, and every value its spelling", () => {
  const texts = ['{"v":1.50,"on":true}', '{"a":{"b":"x\\n","c":[1,2.0]},"v":null}', "{}"];
  expect(recordTable([topic("t", texts)], ALL, 20)).toEqual({
    columns: ["a.b", "a.c", "Speed, m/s", "on"],
    rows: [
      { t: 20, seq: 3, topic: "t", cells: [undefined, undefined, undefined, undefined] },
      { t: 10, seq: 2, topic: "t", cells: ["x\n", "[1,2.0]", "null", undefined] },
      { t: 0, seq: 1, topic: "t", cells: [undefined, undefined, "1.50", "true"] },
    ],
  });
});

test("records that are not objects have one column", () => {
  const { columns, rows } = recordTable([topic("t", ["9007199254740993", '"text"', "null", "[]"])], ALL, 20);
  expect(columns).toEqual(["Value"]);
  expect(rows.map(({ cells }) => cells)).toEqual([["[]"], ["null"], ["text"], ["9007199254740993"]]);
});

test("a record that is on its way has a row", () => {
  const { rows } = recordTable([topic("t", [undefined, '{"v":1}'])], ALL, 20);
  expect(rows.map(({ seq, cells }) => [seq, cells])).toEqual([
    [2, ["1"]],
    [1, undefined],
  ]);
});

test("the records of several topics are in order of time, newest first, within the range and what is due", () => {
  const topics = [topic("a", ["1", "2", "3", "4"], 25), topic("b", ["5", "6", "7", "8"])];
  const { rows } = recordTable(topics, { from: 10, to: 1_000 }, 4);
  expect(rows.map((row) => `${row.topic} ${row.seq}`)).toEqual(["b 4", "a 3", "b 3", "a 2"]);
});

test("long values are cut, and keys that never repeat do not fill the memory", () => {
  const long = JSON.stringify({ text: "x".repeat(5_000), list: Array.from({ length: 5_000 }, (_, i) => i) });
  const [row] = recordTable([topic("t", [long])], ALL, 20).rows;
  for (const cell of row?.cells ?? []) expect(cell?.length).toBe(121);
  const texts = Array.from({ length: 100 }, (_, i) => `{"k${i}":1}`);
  expect(recordTable([topic("t", texts)], ALL, 100).columns.length).toBeLessThan(50);
});

test("the newest samples of the live part come first, then those of the history before it", () => {
  const older = samples([1, 2, Number.NaN, 4, 99]);
  const live = { ...samples([6, 7]), times: Float64Array.of(40, 50) };
  const trace: Trace = {
    series: topic("t", []).series,
    parts: [older, live].map((part) => ({ samples: part, column: 0 })),
    playhead: 45,
  };
  const values = (from: number, count: number) =>
    newestSamples(trace, from, 1_000, count).map(({ value }) => value);
  expect(values(0, 9)).toEqual([6, 4, 2, 1]);
  expect(values(10, 9)).toEqual([6, 4, 2]);
  expect(values(0, 2)).toEqual([6, 4]);
});
