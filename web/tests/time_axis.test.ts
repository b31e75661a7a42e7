/** The time axis: round instants in the user's time zone, as precise as there is room for. */

import { describe, expect, test, vi } from "vitest";
import {
  dateOf,
  fadeOpacity,
  marks,
  sampleTime,
  stepFor,
  TimeMarks,
  wallTime,
  zoneOf,
} from "../src/chart/time_axis";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// A zone with daylight saving time; set before anything is formatted.
vi.hoisted(() => {
  process.env.TZ = "Europe/Berlin";
});

const local = (text: string) => new Date(text).getTime();
/** Only the digits: the rest depends on the locale. */
const digits = (text: string) => text.replace(/\D+/g, " ").trim();
const shortly = (instants: readonly number[]) =>
  instants.map((instant) => new Date(instant).toString().slice(4, 21));

test("steps depend on the available room, from milliseconds to years", () => {
  expect([3, 70, 700, 70_000].map(stepFor)).toEqual([5, 100, 1_000, 120_000]);
  expect([HOUR, 5 * HOUR, DAY, 5 * DAY, 20 * DAY, 400 * DAY].map(stepFor)).toMatchObject([
    { unit: "hour", count: 1 },
    { unit: "hour", count: 6 },
    { unit: "day", count: 1 },
    { unit: "day", count: 7 },
    { unit: "month", count: 1 },
    { unit: "month", count: 12 },
  ]);
});

test("marks are at round instants", () => {
  expect(marks(1_500, 4_000, 1_000)).toEqual([2_000, 3_000, 4_000]);
});

describe("the calendar", () => {
  test("days begin at midnight even if a day has 23 or 25 hours", () => {
    expect(shortly(marks(local("2026-03-27T12:00"), local("2026-03-31T12:00"), stepFor(DAY)))).toEqual([
      "Mar 28 2026 00:00",
      "Mar 29 2026 00:00",
      "Mar 30 2026 00:00",
      "Mar 31 2026 00:00",
    ]);
    expect(marks(local("2026-10-24T12:00"), local("2026-10-27T12:00"), stepFor(DAY))).toHaveLength(3);
  });

  test("hours continue through clock changes, and none is marked twice", () => {
    for (const day of ["2026-03-29", "2026-10-25"]) {
      for (const step of [1, 2, 3, 6].map((hours) => stepFor(hours * HOUR))) {
        const found = marks(local(`${day}T00:00`), local(`${day}T23:59`), step);
        expect(found.every((instant, i) => i === 0 || instant > (found[i - 1] as number))).toBe(true);
        expect(shortly(found).at(-1)).toMatch(/(23|22|21|18):00$/);
      }
    }
  });

  test("weeks begin on Mondays and do not depend on the view", () => {
    const found = marks(local("2026-10-05T00:00"), local("2026-12-31T00:00"), stepFor(5 * DAY));
    expect(found.map((instant) => new Date(instant).getDay())).toEqual(found.map(() => 1));
    expect(marks(local("2026-10-21T00:00"), local("2026-12-31T00:00"), stepFor(5 * DAY))).toEqual(
      found.filter((instant) => instant >= local("2026-10-21T00:00")),
    );
  });

  test("months and years begin on their first day", () => {
    expect(shortly(marks(local("2025-11-15T00:00"), local("2026-02-02T00:00"), stepFor(20 * DAY)))).toEqual([
      "Dec 01 2025 00:00",
      "Jan 01 2026 00:00",
      "Feb 01 2026 00:00",
    ]);
    expect(marks(local("2024-06-01T00:00"), local("2026-06-01T00:00"), stepFor(400 * DAY))).toEqual([
      local("2025-01-01T00:00"),
      local("2026-01-01T00:00"),
    ]);
  });
});

test("labels are as precise as the step, and name the day or year where one begins", () => {
  const noon = local("2026-11-23T12:34:56.789");
  expect([5, 20, 200, 1_000, 60_000].map((step) => digits(wallTime(noon, step)))).toEqual([
    "12 34 56 789",
    "12 34 56 78",
    "12 34 56 7",
    "12 34 56",
    "12 34",
  ]);
  const midnight = local("2026-11-24T00:00");
  for (const [step, said] of [
    [1_000, "24"],
    [60_000, "24"],
    [stepFor(HOUR), "24"],
    [stepFor(DAY), "24"],
  ] as const)
    expect(digits(wallTime(midnight, step))).toBe(said);
  const month = stepFor(20 * DAY);
  expect(digits(wallTime(local("2026-11-01T00:00"), month))).toBe("");
  expect(digits(wallTime(local("2027-01-01T00:00"), month))).toBe("2027");
});

test("a sample's time has milliseconds if samples are closer than a second", () => {
  const noon = local("2026-11-23T12:34:56.789");
  expect(sampleTime(noon, 10, noon)).toBe("12:34:56.789 GMT+1");
  expect(sampleTime(noon, 1_000, noon)).toBe("12:34:56 GMT+1");
  expect(sampleTime(noon, 1_000, noon + DAY)).toBe("Nov 23, 12:34:56 GMT+1");
});

test("the zone is always shown, the day if it is not today, the year if marks are days", () => {
  const [morning, evening] = [local("2026-11-23T09:00"), local("2026-11-23T21:00")];
  expect(zoneOf(morning, evening, 1_000)).not.toBe("");
  expect(dateOf(morning, evening, 1_000)).toBe("");
  expect(dateOf(morning, evening + DAY, 1_000)).toMatch(/23.*2026|2026.*23/);
  expect(dateOf(morning - DAY, evening, stepFor(HOUR))).toMatch(/22.*2026|2026.*22/);
  expect(digits(dateOf(morning, evening, stepFor(2 * DAY)))).toBe("2026");
});

test("marks fade towards both ends", () => {
  expect([0, 5, 10, 50, 95, 100].map((x) => fadeOpacity(x, 0, 100, 10))).toEqual([0, 0.5, 1, 1, 0.5, 0]);
});

test("marks are only recomputed when the view has left their range", () => {
  const found = new TimeMarks();
  const start = local("2026-11-23T12:00");
  found.cover(start, start + 10_000, 700);
  const { instants } = found;
  found.cover(start + 3_000, start + 13_000, 700.0001);
  expect(found.instants).toBe(instants);
  found.cover(start + 9_000, start + 19_000, 700);
  expect(found.instants).not.toBe(instants);
  expect(found.instants).toEqual(expect.arrayContaining([start + 9_000, start + 19_000]));
});

test("the date changes at midnight", () => {
  const found = new TimeMarks();
  const midnight = local("2026-11-24T00:00");
  found.cover(midnight - 1_000, midnight + 9_000, 700);
  const before = found.date;
  found.cover(midnight, midnight + 10_000, 700);
  expect(found.date).not.toBe(before);
});
