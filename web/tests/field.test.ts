/** Which numbers of a record become fields. */

import { expect, test } from "vitest";
import type { Json } from "../src/client/protocol";
import { parseExact } from "../src/exact_json";
import {
  FIELDS_MAX,
  type Field,
  FieldSet,
  fieldId,
  fieldKey,
  type Labels,
  readField,
  readSpelling,
} from "../src/topic_buffer/field";

const labels = { temp: { label: "Temperature", unit: "°C" }, hum: { unit: "%" } };

function learned(records: readonly Json[], given: Labels = {}): (string | undefined)[] {
  const fields = new FieldSet();
  fields.relabel(given);
  for (const record of records) fields.read(record, () => {});
  return fields.list.map(({ name }) => name);
}

test("labelled fields come first, in label order, then the others in record order", () => {
  expect(learned([{ id: 1, hum: 40, a: 2, temp: 20 }], labels)).toEqual(["temp", "hum", "id", "a"]);
});

test("every value decides for itself: numbers, states and arrays of numbers are fields, the rest is not", () => {
  const kinds = (records: readonly Json[]) => {
    const fields = new FieldSet();
    fields.relabel(labels);
    for (const record of records) fields.read(record, () => {});
    return fields.list.map(({ name, kind = "number" }) => `${name} ${kind}`);
  };
  const record = { id: 1, temp: "warm", on: true, hum: 40, spectrum: [1, null, 2] };
  expect(kinds([record])).toEqual(["temp state", "hum number", "id number", "on state", "spectrum list"]);
  expect(kinds([null, "", " ", [], {}, [null], [1, "2"], [[1]], { a: "" }, { a: [{}] }])).toEqual([]);
  expect(kinds(["x", true, [1, 2], 3])).toEqual(["undefined state", "undefined list", "undefined number"]);
});

test("a key with numbers and states is two fields, whichever came first", () => {
  for (const records of [
    [{ a: 1 }, { a: "off" }, { a: "2" }],
    [{ a: "off" }, { a: 1 }, { a: "2" }],
  ]) {
    const fields = new FieldSet();
    for (const record of records) fields.read(record, () => {});
    const { list } = fields;
    expect(list.map(({ kind = "number" }) => kind).sort()).toEqual(["number", "state"]);
    const number = list.find(({ kind }) => kind === undefined) as Field;
    const state = list.find(({ kind }) => kind === "state") as Field;
    expect(
      records.map((record) => readField(record, number)).filter((value) => !Number.isNaN(value)),
    ).toEqual([1, 2]);
    const [code] = records.map((record) => readField(record, state)).filter((value) => !Number.isNaN(value));
    expect(state.states?.valueOf(code as number)).toBe("off");
    expect(new Set(list.map(fieldId)).size).toBe(2);
  }
});

test("states keep their codes, and true is not the text true", () => {
  const fields = new FieldSet();
  const codes: number[] = [];
  for (const value of ["a", true, "a", "true", false, true])
    fields.read({ v: value }, (_, code) => codes.push(code));
  expect(codes.slice(-6)).toEqual([0, 1, 0, 2, 3, 1]);
  expect([0, 1, 2, 3].map((code) => fields.list[0]?.states?.valueOf(code))).toEqual([
    "a",
    true,
    "true",
    false,
  ]);
});

test("states that are too many or too long are a text, and remain one", () => {
  const kindAfter = (values: readonly string[]) => {
    const fields = new FieldSet();
    const samples: number[] = [];
    for (const value of values) fields.read(value, (_, sample) => samples.push(sample));
    expect(samples.some(Number.isNaN)).toBe(false);
    return fields.list.map(({ kind, states }) => [kind, states === undefined]);
  };
  const many = (n: number) => Array.from({ length: n }, (_, i) => `state ${i}`);
  expect(kindAfter([...many(32), ...many(32)])).toEqual([["state", false]]);
  expect(kindAfter([...many(33), "state 1"])).toEqual([["text", true]]);
  expect(kindAfter(["x".repeat(33), "x", "x"])).toEqual([["text", true]]);
});

test("a field may have any name", () => {
  const record = JSON.parse('{"__proto__":1,"constructor":2,"":3}');
  expect(learned([{}, record])).toEqual(["__proto__", "constructor", ""]);
});

test("beyond the maximum number of fields, the first are kept", () => {
  const record = (from: number) =>
    Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${from + i}`, i]));
  const records = [0, 10, 20, 30, 40, 50, 55, 60].map(record);
  expect(learned(records)).toEqual(Array.from({ length: FIELDS_MAX }, (_, i) => `f${i}`));
  const fields = new FieldSet();
  for (const one of [...records, record(60)]) fields.read(one, () => {});
  expect(fields.unlisted).toBe(70 - FIELDS_MAX);
  fields.clear();
  expect(fields.unlisted).toBe(0);
});

test("a missing field and a number that overflows read as NaN", () => {
  const field = { name: "a", label: undefined, unit: undefined };
  expect(readField({ a: 3 }, field)).toBe(3);
  for (const record of [{ a: "x3" }, { b: 3 }, 3, null, [3], { a: Number.POSITIVE_INFINITY }])
    expect(readField(record, field)).toBeNaN();
  for (const name of ["__proto__", "constructor", "toString"])
    expect(readField({}, { ...field, name })).toBeNaN();
});

test("numbers in nested objects are fields, down to the greatest depth, and arrays are not searched", () => {
  expect(learned([{ a: { b: 1, c: { d: "2" } }, e: [{ f: 3 }], g: { h: null } }])).toEqual(["a.b", "a.c.d"]);
  let deep: Json = 1;
  for (let i = 0; i < 100_000; i += 1) deep = { k: deep };
  expect(learned([deep, { k: { k: 2 } }])).toEqual(["k.k"]);
});

test("a key with a dot is another field than a nested one, and has its own values", () => {
  const record = { "a.b": 1, a: { b: 2 }, "\\": 3, "": { "": 4 } };
  const fields = new FieldSet();
  const values: number[] = [];
  fields.read(record, (index, value) => {
    values[index] = value;
  });
  expect(fields.list.map(({ name }) => name)).toEqual(["a\\.b", "a.b", "\\\\", "."]);
  expect(values).toEqual([1, 2, 3, 4]);
  expect(fields.list.map((field) => readField(record, field))).toEqual([1, 2, 3, 4]);
});

test("a label belongs to a path, or to a key with a dot; without one that key is shown as it is", () => {
  const given = { "a.b": { label: "Inner" }, "c.d": { label: "Key" } };
  const fields = new FieldSet();
  fields.relabel(given);
  fields.read({ "x.y": 0, "c.d": 1, a: { b: 2 } }, () => {});
  expect(fields.list.map(({ name, label }) => [name, label])).toEqual([
    ["a.b", "Inner"],
    ["c\\.d", "Key"],
    ["x\\.y", "x.y"],
  ]);
});

test("a key with a dot does not take the label of a nested field", () => {
  const fields = new FieldSet();
  fields.relabel({ "a.b": { label: "Inner", unit: "m" } });
  fields.read({ "a.b": 1 }, () => {});
  expect(fields.list.map(({ label, unit }) => [label, unit])).toEqual([["Inner", "m"]]);
  fields.read({ a: { b: 2 } }, () => {});
  expect(fields.list.map(({ label, unit }) => [label, unit])).toEqual([
    ["a.b", undefined],
    ["Inner", "m"],
  ]);
});

test("texts that hold a number are numbers, and the field says so", () => {
  const fields = new FieldSet();
  const values: number[] = [];
  const put = (_: number, value: number) => values.push(value);
  fields.read({ a: "1.50", b: 2 }, put);
  const before = fields.list;
  fields.read({ a: " +7 ", b: 2 }, put);
  expect(fields.list).toBe(before);
  expect(values.slice(-2)).toEqual([7, 2]);
  expect(fields.list.map(({ name, isText = false }) => [name, isText])).toEqual([
    ["a", true],
    ["b", false],
  ]);
  fields.relabel({ a: { unit: "m" } });
  expect(fields.list[0]).toMatchObject({ unit: "m", isText: true });
});

test.each([
  ["1.50", 1.5],
  ["-0.5e+3", -500],
  ["9007199254740993", 9_007_199_254_740_992],
  ["0", 0],
])("the text %s is the number %d", (text, number) => {
  expect(readField({ a: text }, { name: "a", label: undefined, unit: undefined })).toBe(number);
});

test.each([
  "",
  " ",
  "007",
  "1,5",
  "1 000",
  ".5",
  "5.",
  "1e",
  "+-1",
  "0x10",
  "NaN",
  "Infinity",
  "1\n",
  "1e400",
])("the text %j is not a number that can be drawn", (text) => {
  expect(readField({ a: text }, { name: "a", label: undefined, unit: undefined })).toBeNaN();
});

test("a number keeps its spelling in nested objects and in texts, where a double does not hold it", () => {
  const data = parseExact(
    '[{"a":{"b":9007199254740993},"c":" +9007199254740995 ","d":"1.50","e":1.5},9007199254740993]',
  );
  const [record, bare] = data as [Json, Json];
  const spelling = (name: string | undefined, of: Json, key: number) =>
    readSpelling(of, { name, label: undefined, unit: undefined }, { holder: data as object, key });
  expect(["a.b", "c", "d", "e", "f", "a.b.c"].map((name) => spelling(name, record, 0))).toEqual([
    "9007199254740993",
    "9007199254740995",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(spelling(undefined, bare, 1)).toBe("9007199254740993");
});

test("a series key consists of topic and field", () => {
  expect([fieldKey("ecg", { name: undefined }), fieldKey("weather", { name: "temp" })]).toEqual([
    "ecg/value",
    "weather/temp",
  ]);
});
