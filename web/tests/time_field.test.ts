/** The field "Go to time": what it takes, and what it says about the rest. */

import { expect, test, vi } from "vitest";
import { fieldText, readField } from "../src/view/time_field";

// A zone with daylight saving time; set before anything is formatted.
vi.hoisted(() => {
  process.env.TZ = "Europe/Berlin";
});

const SHOWN = new Date(2026, 4, 3, 12, 30, 15).getTime();
const at = (...fields: [number, number, number, number, number, number?, number?]) => ({
  at: new Date(...fields).getTime(),
});

test("the field shows local time and reads it back", () => {
  expect(fieldText(SHOWN + 0.7)).toBe("2026-05-03 12:30:15");
  expect(readField(fieldText(SHOWN), SHOWN)).toEqual({ at: SHOWN });
});

test.each([
  ["2026-05-03T12:30:15", at(2026, 4, 3, 12, 30, 15)],
  [" 2026-5-3 7:05 ", at(2026, 4, 3, 7, 5)],
  ["2026-05-03", at(2026, 4, 3, 0, 0)],
  ["19:40", at(2026, 4, 3, 19, 40)],
  ["19:40:20.25", at(2026, 4, 3, 19, 40, 20, 250)],
  ["19:40:20,25", at(2026, 4, 3, 19, 40, 20, 250)],
  ["2026-05-03T12:30Z", { at: Date.UTC(2026, 4, 3, 12, 30) }],
  ["2026-05-03 12:30 GMT+5:45", { at: Date.UTC(2026, 4, 3, 6, 45) }],
  ["12:30 -0330", { at: Date.UTC(2026, 4, 3, 16, 0) }],
])("%j is an instant", (text, expected) => {
  expect(readField(text, SHOWN)).toEqual(expected);
});

test.each([
  "",
  "soon",
  "25:00",
  "12:60",
  "12:30:60",
  "2026-02-30 12:00",
  "2026-13-01",
  "12:30 +15:00",
  "3.5.2026 12:30",
])("%j is malformed", (text) => {
  expect(readField(text, SHOWN)).toBe("malformed");
});

test("a time that clocks skip is reported, and the first of two equal ones is taken", () => {
  expect(readField("2026-03-29 02:30", SHOWN)).toBe("skipped");
  expect(readField("2026-10-25 02:30", SHOWN)).toEqual({ at: Date.UTC(2026, 9, 25, 0, 30) });
  expect(readField("2026-10-25 02:30 +01:00", SHOWN)).toEqual({ at: Date.UTC(2026, 9, 25, 1, 30) });
});
