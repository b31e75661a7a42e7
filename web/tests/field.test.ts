/** Which numbers of a record become fields. */

import { expect, test } from "vitest";
import type { Json } from "../src/client/protocol";
import { FIELDS_MAX, FieldSet, fieldKey, type Labels, readField } from "../src/topic_buffer/field";

const labels = { temp: { label: "Temperature", unit: "°C" }, hum: { unit: "%" } };

function learned(records: readonly Json[], given: Labels = {}): (string | undefined)[] {
  const fields = new FieldSet();
  fields.relabel(given);
  for (const record of records) fields.learn(record);
  return fields.list.map(({ name }) => name);
}

test("labelled fields come first, in label order, then the others in record order", () => {
  expect(learned([{ id: 1, hum: 40, a: 2, temp: 20 }], labels)).toEqual(["temp", "hum", "id", "a"]);
});

test("values that are not numbers are skipped, labelled or not", () => {
  expect(learned([{ id: 1, temp: "warm", on: true, hum: 40 }], labels)).toEqual(["hum", "id"]);
  expect(learned([null, "x", true, [1, 2], {}, { a: "1" }], labels)).toEqual([]);
});

test("a field may have any name", () => {
  const record = JSON.parse('{"__proto__":1,"constructor":2,"":3}');
  expect(learned([{}, record])).toEqual(["__proto__", "constructor", ""]);
});

test("beyond the maximum number of fields, the first are kept", () => {
  const record = (from: number) =>
    Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${from + i}`, i]));
  const names = learned([record(0), record(10), record(20)]);
  expect(names).toEqual(Array.from({ length: FIELDS_MAX }, (_, i) => `f${i}`));
});

test("a missing field and a number that overflows read as NaN", () => {
  const field = { name: "a", label: undefined, unit: undefined };
  expect(readField({ a: 3 }, field)).toBe(3);
  for (const record of [{ a: "3" }, { b: 3 }, 3, null, [3], { a: Number.POSITIVE_INFINITY }])
    expect(readField(record, field)).toBeNaN();
  for (const name of ["__proto__", "constructor", "toString"])
    expect(readField({}, { ...field, name })).toBeNaN();
});

test("a series key consists of topic and field", () => {
  expect([fieldKey("ecg", { name: undefined }), fieldKey("weather", { name: "temp" })]).toEqual([
    "ecg/value",
    "weather/temp",
  ]);
});
