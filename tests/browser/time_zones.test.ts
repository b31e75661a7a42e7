/** Times on the page, in the zones and languages of its users. */

import type { BrowserContextOptions } from "playwright-core";
import { expect } from "vitest";
import { timesOn } from "./drawn_texts";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

const START = Date.UTC(2015, 0, 1);
/** Seconds between two records. */
const PERIOD = 20;

const house = fixture(() =>
  Hub.startFrom({
    "tickcast.toml": `
      [topics.slow]
      dataset = "slow.json"
      rate = ${1 / PERIOD}
      start = "2015-01-01T00:00:00Z"
    `,
    "slow.json": Array.from({ length: 97 }, (_, i) => ({ value: Math.round(1000 * Math.sin(i / 7)) })),
  }),
);

/** A page that shows a window that ends at this instant. */
async function openAt(instant: number, window: string, options: BrowserContextOptions): Promise<Screen> {
  const { epoch } = await (await fetch(`${house.hub.url}/api/v1/topics/slow`)).json();
  const seq = Math.floor((instant - START) / 1000 / PERIOD) + 1;
  const screen = await house.open(`?window=${window}&at=${epoch}:${seq}`, options);
  await screen.becomes("paused");
  await screen.hasDrawn(100);
  return screen;
}

/** The texts of the time axis, left to right; they must not overlap. */
async function axisOf(screen: Screen, part: "chart" | "strip" = "chart"): Promise<string[]> {
  const texts = await timesOn(screen.page, part);
  for (const [i, { left }] of texts.entries())
    if (i > 0) expect(left, JSON.stringify(texts)).toBeGreaterThan(texts[i - 1]?.right ?? 0);
  return texts.map(({ text }) => text);
}

test.each([
  ["Africa/Cairo", Date.UTC(2026, 3, 25, 8), ["Apr 23", "Apr 24", "Apr 25"]],
  ["Asia/Beirut", Date.UTC(2026, 2, 30, 8), ["Mar 28", "Mar 29", "Mar 30"]],
  ["America/Santiago", Date.UTC(2026, 8, 7, 12), ["Sep 5", "Sep 6", "Sep 7"]],
  ["Atlantic/Azores", Date.UTC(2026, 2, 30, 8), ["Mar 28", "Mar 29", "Mar 30"]],
])("in %s each of three days is named, although clocks skip a midnight", async (timezoneId, end, days) => {
  const texts = await axisOf(await openAt(end, "3d", { timezoneId }));
  expect(
    texts.filter((text) => days.some((day) => text.startsWith(day))).map((text) => text.slice(0, 6).trim()),
  ).toEqual(days);
  for (const text of texts.filter((text) => text.includes(":") && !text.startsWith("GMT")))
    expect(text).toMatch(/^(00|06|12|18):00/);
});

test.each([
  ["Europe/Berlin", Date.UTC(2026, 2, 29, 12), "Mar 29"],
  ["America/New_York", Date.UTC(2026, 2, 8, 16), "Mar 8"],
])("in %s times are round after clocks have gone forward", async (timezoneId, end, day) => {
  const texts = await axisOf(await openAt(end, "18h", { timezoneId }));
  expect(texts.some((text) => text.startsWith(day))).toBe(true);
  for (const text of texts.filter((text) => /^\d\d:/.test(text))) expect(text).toMatch(/^\d[02468]:00/);
});

test.each(["de-DE", "ar-EG", "fa-IR", "en-US"])(
  "for %s the page has one language and one clock",
  async (locale) => {
    const screen = await openAt(Date.UTC(2026, 2, 29, 12), "1h", { locale, timezoneId: "Asia/Kathmandu" });
    await screen.click("menu-open");
    const inputs = await screen.page.$$eval("input", (fields) =>
      fields.map(({ value, type }) => `${type} ${value}`),
    );
    const words = [
      await screen.page.innerText("body"),
      ...inputs,
      ...(await axisOf(screen)),
      ...(await axisOf(screen, "strip")),
      (await screen.page.getAttribute('[data-part="strip"]', "aria-valuetext")) ?? "",
    ].join("\n");
    expect(words).toContain("GMT+5:45");
    expect(words).not.toMatch(/Sek|[\u0600-\u06ff]|\b[AP]M\b|datetime/);
    expect(await screen.text("remark")).toMatch(/Mar.*2026.*17:\d\d:\d\d\.\d{3} GMT\+5:45$/);
  },
);
