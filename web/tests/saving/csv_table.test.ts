/** The CSV file: its columns, its times, and several topics in one file. */

import { expect, test } from "vitest";
import { csvFile, isoTime, type TopicTable } from "../../src/saving/csv_table";

const T = Date.UTC(2026, 10, 23, 8, 6, 28, 713) * 1000;

/** The rows of the file, without its byte order mark and row ends. */
async function rowsOf(...tables: TopicTable[]): Promise<string[]> {
  const text = (await csvFile(tables, async () => {})).join("");
  expect(text.startsWith("\uFEFF")).toBe(true);
  expect(text.endsWith("\r\n")).toBe(true);
  return text.slice(1, -2).split("\r\n");
}

test("the first column is the time in ISO 8601, to the microsecond", async () => {
  const ecg = {
    topic: "ecg",
    chunks: [`seq,t,value\r\n1,${T},5\r\n2,${T + 10_001},-6.50\r\n`, `3,${T + 2e6},\r\n`],
  };
  expect(await rowsOf(ecg)).toEqual([
    "time,seq,t,value",
    `2026-11-23T08:06:28.713000Z,1,${T},5`,
    `2026-11-23T08:06:28.723001Z,2,${T + 10_001},-6.50`,
    `2026-11-23T08:06:30.713000Z,3,${T + 2e6},`,
  ]);
  expect(isoTime(1)).toBe("1970-01-01T00:00:00.000001Z");
});

test("texts with commas, quotes and line breaks stay one cell", async () => {
  const log = { topic: "log", chunks: [`seq,t,"a,b","c""d"\r\n1,${T},"x\ny, ""z""",2\r\n`] };
  expect(await rowsOf(log)).toEqual([
    'time,seq,t,"a,b","c""d"',
    `2026-11-23T08:06:28.713000Z,1,${T},"x\ny, ""z""",2`,
  ]);
});

test("several topics are one file, merged by time, each with its own columns", async () => {
  const ecg = { topic: "ecg", chunks: [`seq,t,value\r\n7,${T},5\r\n8,${T + 2000},6\r\n`] };
  const grid = { topic: "grid", chunks: [`seq,t,freq,value\r\n1,${T},50.01,a\r\n2,${T + 1000},50.02,\r\n`] };
  const silent = { topic: "silent", chunks: ["seq,t,data\r\n"] };
  expect(await rowsOf(ecg, grid, silent)).toEqual([
    "time,topic,seq,t,ecg/value,grid/freq,grid/value,silent/data",
    `2026-11-23T08:06:28.713000Z,ecg,7,${T},5,,,`,
    `2026-11-23T08:06:28.713000Z,grid,1,${T},,50.01,a,`,
    `2026-11-23T08:06:28.714000Z,grid,2,${T + 1000},,50.02,,`,
    `2026-11-23T08:06:28.715000Z,ecg,8,${T + 2000},6,,,`,
  ]);
});

test("a field that is called like the column of the time is renamed, as the hub renames `seq` and `t`", async () => {
  const topic = { topic: "x", chunks: [`seq,t,time,data.seq\r\n1,${T},noon,2\r\n`] };
  expect((await rowsOf(topic))[0]).toBe("time,seq,t,data.time,data.seq");
});

test("a long table gives way to other work", async () => {
  const rows = Array.from({ length: 25_000 }, (_, i) => `${i},${T + i},1\r\n`).join("");
  let turns = 0;
  await csvFile([{ topic: "x", chunks: [`seq,t,v\r\n${rows}`] }], async () => {
    turns += 1;
  });
  expect(turns).toBe(3);
});
