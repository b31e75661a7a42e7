/** Parts of JSON text, and records in the frames that brought them: numbers keep the spelling of their source. */

import { expect, test } from "vitest";
import { loggedText } from "../src/player/record_texts";
import { formatJson, LENGTH_MAX } from "../src/records/json_format";
import { elementText, memberText } from "../src/topic_buffer/json_text";
import { RecordLog } from "../src/topic_buffer/record_log";
import { batch, data } from "./messages";

const ODD = '{ "a" : 1.50, "b\\"}" : [ "]\\\\", {"c":-0} ] , "\\u0061" : 9007199254740993,"":{}}';

test("members are found by key, the last of repeated ones, and keep their text", () => {
  expect(memberText(ODD, "a")).toBe("9007199254740993");
  expect(memberText(ODD, 'b"}')).toBe('[ "]\\\\", {"c":-0} ]');
  expect(memberText(ODD, "")).toBe("{}");
  expect(memberText(ODD, "c")).toBeUndefined();
  expect(memberText("[1]", "0")).toBeUndefined();
  expect(memberText("{}", "a")).toBeUndefined();
});

test("elements are found by index and keep their text", () => {
  const text = ' [ 1e3 , "a,]" , [2,[3]] , {"x":[1]} , null ] ';
  expect([0, 1, 2, 3, 4, 5].map((i) => elementText(text, i))).toEqual([
    "1e3",
    '"a,]"',
    "[2,[3]]",
    '{"x":[1]}',
    "null",
    undefined,
  ]);
  expect(elementText("[]", 0)).toBeUndefined();
});

test("formatted JSON has every token as the source has it", () => {
  expect(formatJson(ODD)).toBe(
    '{\n  "a": 1.50,\n  "b\\"}": [\n    "]\\\\",\n    {\n      "c": -0\n    }\n  ],\n  "\\u0061": 9007199254740993,\n  "": {}\n}',
  );
  expect(formatJson("[1.0,[2,3e0],[]]")).toBe("[\n  1.0,\n  [2, 3e0],\n  []\n]");
  expect(["1e400", "null", '"x"', "[]", "[1, 2]", "{}"].map(formatJson)).toEqual([
    "1e400",
    "null",
    '"x"',
    "[]",
    "[1, 2]",
    "{}",
  ]);
});

test("what is too long or too deep to be read is cut or left as it is", () => {
  expect(formatJson(`"${"x".repeat(100_000)}"`)).toHaveLength(LENGTH_MAX + 1);
  expect(formatJson(JSON.stringify(Array.from({ length: 100_000 }, (_, i) => i))).length).toBeLessThan(
    2 * LENGTH_MAX,
  );
  const deep = `${'{"k":'.repeat(50_000)}1${"}".repeat(50_000)}`;
  expect(formatJson(deep).length).toBeLessThan(2 * LENGTH_MAX);
});

/** A frame as a hub spells it. */
function frame(message: ReturnType<typeof data> | ReturnType<typeof batch>, records: string): string {
  return JSON.stringify({ ...message, data: 0 }).replace('"data":0', `"data":${records}`);
}

test("the log has the records of the newest frames as they were spelled", () => {
  const log = new RecordLog();
  log.add(batch(1, 3), frame(batch(1, 3), '[{"v":1.0},[2.50],"3"]'));
  log.add(data(4), frame(data(4), "9007199254740993"));
  // A frame that was sent again after a reconnect.
  log.add(batch(3, 2), frame(batch(3, 2), "[0,0]"));
  expect([0, 1, 2, 3, 4, 5].map((seq) => loggedText(log, seq))).toEqual([
    undefined,
    '{"v":1.0}',
    "[2.50]",
    '"3"',
    "9007199254740993",
    undefined,
  ]);
  log.clear();
  expect(loggedText(log, 4)).toBeUndefined();
});

test("the log is bounded, and keeps the newest frame however long it is", () => {
  const log = new RecordLog(1_000);
  for (let seq = 1; seq <= 500; seq += 1) log.add(data(seq), frame(data(seq), String(seq)));
  expect(loggedText(log, 500)).toBe("500");
  const kept = Array.from({ length: 500 }, (_, i) => loggedText(log, i + 1)).filter(
    (text) => text !== undefined,
  );
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length).toBeLessThan(20);
  const long = `"${"x".repeat(5_000)}"`;
  log.add(data(501), frame(data(501), long));
  expect([loggedText(log, 500), loggedText(log, 501)]).toEqual([undefined, long]);
});
