/** The time axis in all time zones, in particular on days on which clocks are changed. */

import fc from "fast-check";
import { afterAll, expect, test, vi } from "vitest";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const HOME = process.env.TZ;
const ZONES = Intl.supportedValuesOf("timeZone");

/** Modules format in the zone in which they were loaded. */
async function loadedIn(zone: string) {
  process.env.TZ = zone;
  vi.resetModules();
  const [axis, time] = await Promise.all([
    import("../src/chart/time_axis"),
    import("../src/local_time"),
  ] as const);
  return { ...axis, ...time };
}

type Loaded = Awaited<ReturnType<typeof loadedIn>>;

afterAll(() => {
  process.env.TZ = HOME;
});

const local = (text: string) => new Date(text).getTime();
const texts = ({ marks, markTexts, stepFor }: Loaded, from: string, to: string, least: number) => {
  const step = stepFor(least);
  return markTexts(marks(local(from), local(to), step), step);
};

/** An instant near a change of clocks in the zone, or any if it has had none in 60 years. */
function instantIn({ offsetChange }: Loaded, year: number, share: number): number {
  const from = Date.UTC(1970 + year);
  return offsetChange(from, from + 200 * DAY) ?? from + share * 200 * DAY;
}

const views = fc.record({
  zone: fc.constantFrom(...ZONES),
  year: fc.integer({ min: 0, max: 60 }),
  /** From a tenth of a second to a year. */
  spanExponent: fc.double({ min: 2, max: 10.5, noNaN: true }),
  /** Where in the view the change is. */
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  labels: fc.integer({ min: 3, max: 16 }),
});

test("in every zone, marks are distinct, ascending, far enough apart, and at round local times", async () => {
  await fc.assert(
    fc.asyncProperty(views, async ({ zone, year, spanExponent, share, labels }) => {
      const loaded = await loadedIn(zone);
      const span = 10 ** spanExponent;
      const from = instantIn(loaded, year, share) - share * span;
      const step = loaded.stepFor(span / labels);
      const found = loaded.marks(from, from + span, step);
      const stepMs = typeof step === "number" ? step : step.leastMs;
      for (const [i, at] of found.entries()) {
        expect(at).toBeGreaterThanOrEqual(from);
        expect(at).toBeLessThanOrEqual(from + span);
        // Clocks go forward by an hour, and weeks and months lose it as well.
        if (i > 0)
          expect(at - (found[i - 1] as number)).toBeGreaterThanOrEqual(
            stepMs * 0.6 - 1.001 * HOUR * Number(stepMs > 6 * HOUR),
          );
        if (loaded.startOfDay(at) === at) continue;
        // Days begin where clocks have been set, if midnight is skipped.
        expect(typeof step === "number" || step.unit === "hour").toBe(true);
        expect((at + loaded.wallOffset(at)) % stepMs, `${zone} ${new Date(at).toISOString()}`).toBeCloseTo(0);
      }
      expect(new Set(found).size).toBe(found.length);
    }),
    { numRuns: 250 },
  );
});

test("in every zone, labels are distinct within a day, and every day but the first is named", async () => {
  await fc.assert(
    fc.asyncProperty(views, async ({ zone, year, spanExponent, share, labels }) => {
      const loaded = await loadedIn(zone);
      const span = 10 ** spanExponent;
      const from = instantIn(loaded, year, share) - share * span;
      const step = loaded.stepFor(span / labels);
      const found = loaded.marks(from, from + span, step);
      const said = loaded.markTexts(found, step);
      if (typeof step !== "number" && step.unit === "month") return;
      const places = said.map((text, i) => `${loaded.startOfDay(found[i] as number)} ${text}`);
      expect(new Set(places).size, said.join(", ")).toBe(said.length);
      for (const [i, at] of found.entries())
        if (i > 0 && !loaded.isSameDay(at, found[i - 1] as number))
          expect(said[i], `${zone}: ${said.join(", ")}`).toContain(loaded.timeText(at, "day"));
    }),
    { numRuns: 250 },
  );
});

test.each([
  ["Africa/Cairo", "2026-04-22T06:00", "2026-04-25T18:00", "23 24 25"],
  ["Asia/Beirut", "2026-03-27T06:00", "2026-03-30T18:00", "28 29 30"],
  ["America/Santiago", "2026-09-04T06:00", "2026-09-07T18:00", "5 6 7"],
  ["Atlantic/Azores", "2026-03-27T06:00", "2026-03-30T18:00", "28 29 30"],
])(
  "in %s a midnight that clocks skip names its day, and later marks stay round",
  async (zone, from, to, days) => {
    const said = texts(await loadedIn(zone), from, to, 6 * HOUR);
    const named = said.filter((text) => !text.includes(":"));
    expect(named.map((text) => /\d+/.exec(text)?.[0]).join(" ")).toBe(days);
    expect(said.filter((text) => text.includes(":")).map((text) => text.slice(0, 5))).toEqual([
      ...["06:00", "12:00", "18:00"],
      ...["06:00", "12:00", "18:00"],
      ...["06:00", "12:00", "18:00"],
      ...["06:00", "12:00", "18:00"],
    ]);
  },
);

test.each([
  [
    "Europe/Berlin",
    "2026-03-28T20:00",
    "2026-03-29T14:00",
    "20:00 22:00 Mar 29 04:00 GMT+2 06:00 08:00 10:00 12:00 14:00",
  ],
  [
    "America/New_York",
    "2026-03-07T20:00",
    "2026-03-08T14:00",
    "20:00 22:00 Mar 8 04:00 EDT 06:00 08:00 10:00 12:00 14:00",
  ],
])("in %s marks stay round after clocks have gone forward", async (zone, from, to, expected) => {
  expect(texts(await loadedIn(zone), from, to, 2 * HOUR).join(" ")).toBe(expected);
});

test("an hour that comes twice is marked twice, with its zones", async () => {
  const loaded = await loadedIn("Europe/Berlin");
  expect(texts(loaded, "2026-10-25T01:00", "2026-10-25T04:00", HOUR / 2).join(" ")).toBe(
    "01:00 01:30 02:00 02:30 02:00 GMT+1 02:30 GMT+1 03:00 03:30 04:00",
  );
});

test.each([
  ["Asia/Kathmandu", 900_000],
  ["Asia/Kolkata", 1_800_000],
  ["Australia/Eucla", HOUR],
  ["Pacific/Chatham", 6 * HOUR],
  ["Asia/Kathmandu", 12 * HOUR],
])("in %s, which is not whole hours off, marks of every %d ms are round", async (zone, step) => {
  const loaded = await loadedIn(zone);
  const said = texts(loaded, "2026-06-01T00:00", "2026-06-03T00:00", step);
  const minutes = said.filter((text) => text.includes(":")).map((text) => Number(text.slice(3, 5)));
  for (const minute of minutes) expect(minute % Math.min(60, step / 60_000)).toBe(0);
  expect(said.length).toBe((2 * DAY) / step + 1);
});

test("a day that clocks are set back into is named again", async () => {
  const loaded = await loadedIn("America/St_Johns");
  expect(texts(loaded, "2010-11-06T23:30", "2010-11-07T00:30", HOUR / 4).join(" ")).toBe(
    "23:30 23:45 Nov 7 Nov 6, 23:15 GMT-3:30 23:30 GMT-3:30 23:45 GMT-3:30 Nov 7, 00:00 GMT-3:30 00:15 00:30",
  );
});

test("the zone beside the marks is that at the left end, and changes with it", async () => {
  const { TimeMarks } = await loadedIn("Europe/Berlin");
  const marks = new TimeMarks();
  const change = Date.UTC(2026, 2, 29, 1);
  const zoneAt = (from: number) => {
    marks.cover(from, from + 6 * HOUR, HOUR / 2);
    return marks.zone;
  };
  expect([change - HOUR, change - 1, change, change - 1].map(zoneAt)).toEqual([
    "GMT+1",
    "GMT+1",
    "GMT+2",
    "GMT+1",
  ]);
});

test("marks of days name both zones of a view in which clocks change", async () => {
  const { dateOf, stepFor, zoneOf } = await loadedIn("America/New_York");
  const [from, to] = [local("2026-03-01T00:00"), local("2026-03-20T00:00")];
  expect(zoneOf(from, to, stepFor(DAY))).toBe("EST/EDT");
  expect(zoneOf(from, to, stepFor(HOUR))).toBe("EST");
  expect(dateOf(from, to, stepFor(HOUR))).toBe("Mar 1, 2026");
});
