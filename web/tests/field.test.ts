/** Which number of a record is drawn, and how numbers are written. */

import { expect, test } from "vitest";
import { chooseField, readField } from "../src/timeline/field";
import { SteadyNumber } from "../src/view/number";

const labels = { temp: { label: "Temperature", unit: "°C" }, hum: { unit: "%" } };

test("a number is its own field", () => {
  expect(chooseField(7, {})).toEqual({ name: undefined, label: undefined, unit: undefined });
});

test("a labelled field comes before an earlier one without label", () => {
  expect(chooseField({ id: 1, temp: 20 }, labels)).toEqual({
    name: "temp",
    label: "Temperature",
    unit: "°C",
  });
});

test("a labelled field that holds no number is passed over", () => {
  expect(chooseField({ id: 1, temp: "warm", hum: 40 }, labels)?.name).toBe("hum");
});

test("without labels the first number is taken", () => {
  expect(chooseField({ name: "x", on: true, a: 1, b: 2 }, {})?.name).toBe("a");
});

test.each([null, "x", true, [1, 2], {}, { a: "1" }])("%j has nothing to draw", (record) => {
  expect(chooseField(record, labels)).toBeUndefined();
});

test("a record without the field reads as no number", () => {
  const field = { name: "a", label: undefined, unit: undefined };
  expect(readField({ a: 3 }, field)).toBe(3);
  for (const record of [{ a: "3" }, { b: 3 }, 3, null, [3]]) expect(readField(record, field)).toBeNaN();
});

test("once a value had decimals, all have as many", () => {
  const number = new SteadyNumber();
  expect([5, 5.25, 5, 1e-7, -3].map((value) => number.text(value))).toEqual([
    "5",
    "5.25",
    "5.00",
    "0.000000",
    "\u22123.000000",
  ]);
});
