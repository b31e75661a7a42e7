/**
 * Screenshots of the page in each of its states, for the README and for review: `SCREENSHOTS=folder` says where to put
 * them. Without it they are not part of the run.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

/** The configuration includes this file only if it is set. */
const FOLDER = process.env.SCREENSHOTS as string;

const WAVE = Array.from({ length: 400 }, (_, i) => ({
  north: Number((14 + 4 * Math.sin(i / 30) + Math.sin(i / 4) / 3).toFixed(2)),
  south: Number((17 + 3 * Math.cos(i / 26) + Math.sin(i / 3) / 4).toFixed(2)),
  humidity: Math.round(62 + 9 * Math.sin(i / 41 + 1)),
}));
const TOPIC = `
  [topics.weather]
  dataset = "weather.json"
  rate = 20.0
  start = "2024-01-01T00:00:00Z"
  fields.north = { label = "North side", unit = "°C" }
  fields.south = { label = "South side", unit = "°C" }
  fields.humidity = { label = "Humidity", unit = "%" }
`;
const measurements = new URL("../../measurements.json", import.meta.url).pathname;
const BEGAN = new Date(Date.now() - 900_000).toISOString();

const house = fixture(() =>
  Hub.startFrom(
    {
      "weather.json": WAVE,
      "tickcast.toml": `
        [topics.ecg]
        dataset = "${measurements}"
        rate = 100.0
        start = "${BEGAN}"
        fields.value = { label = "ECG, lead MLII", unit = "µV" }
        ${TOPIC}
      `,
    },
    { TICKCAST__SERVER__RECOVER_MAX: "1000" },
  ),
);

interface Picture {
  readonly name: string;
  readonly query?: string;
  /** Sizes to capture; both by default. */
  readonly sizes?: readonly ("desktop" | "phone")[];
  /** Brings the live page into the state to capture. */
  arrange?(screen: Screen): Promise<void>;
}

const SIZES: Readonly<Record<"desktop" | "phone", BrowserContextOptions>> = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};

const PICTURES: readonly Picture[] = [
  { name: "live" },
  { name: "kiosk", query: "?kiosk=1" },
  { name: "embed", query: "?embed=1" },
  { name: "series", query: "?topic=weather" },
  { name: "kiosk-series", query: "?topic=weather&kiosk=1", sizes: ["desktop"] },
  {
    name: "behind",
    arrange: async (screen) => {
      await screen.drag("chart", 0.2, 0.9);
      await screen.becomes("behind");
      // Wait for records from the history, which the page has not received live.
      await expect.poll(async () => (await screen.line()).flat()[0]).toBeLessThan(75);
    },
  },
  {
    name: "scrubbed",
    query: "?window=1m",
    arrange: async (screen) => {
      await screen.press("Space");
      const { x, y } = await screen.placeOn("strip", 0.3);
      await screen.page.mouse.click(x, y);
      await screen.page.waitForFunction(() => Number.isFinite(globalThis.tickcast?.seq));
      await screen.pointAt("chart", 0.55);
    },
  },
  { name: "menu", arrange: (screen) => screen.click("menu-open") },
  { name: "help", arrange: (screen) => screen.press("?") },
  { name: "sync", arrange: (screen) => screen.click("sync-open") },
  { name: "topics", arrange: (screen) => screen.click("topics-open") },
  {
    name: "table",
    arrange: (screen) => screen.choose("Show as table"),
  },
  { name: "error", query: "?topic=no-such-topic", arrange: (screen) => screen.reads("notice-title", /./) },
  {
    name: "other-epoch",
    query: "?at=anotherepoch:7",
    sizes: ["desktop"],
    arrange: (screen) => screen.reads("notice-title", /no longer available/),
  },
  { name: "offline", arrange: (screen) => offline(screen) },
  { name: "reconnecting", sizes: ["desktop"], arrange: (screen) => away(screen) },
  { name: "gap", query: "?window=1m", arrange: (screen) => gap(screen) },
];

async function away(screen: Screen): Promise<void> {
  await house.hub.kill();
  await screen.becomes("reconnecting");
  await screen.reads("remark", /^No connection since/);
}

async function back(): Promise<void> {
  house.hub = await house.hub.restart();
}

async function offline(screen: Screen): Promise<void> {
  await screen.page.context().setOffline(true);
  await house.hub.kill();
  await screen.becomes("offline");
  await screen.reads("remark", /^No connection since/);
}

/** Misses more than the hub sends over a stream: 1,000 records are ten seconds. */
async function gap(screen: Screen): Promise<void> {
  await away(screen);
  await screen.page.waitForFunction((since) => Date.now() > since + 14_000, Date.now(), { timeout: 30_000 });
  await back();
  await screen.becomes("live");
  await screen.reads("missed", /[1-9]/);
}

function pictures(): { picture: Picture; size: "desktop" | "phone"; colorScheme: "light" | "dark" }[] {
  return PICTURES.flatMap((picture) =>
    (picture.sizes ?? (["desktop", "phone"] as const)).flatMap((size) =>
      (["light", "dark"] as const).map((colorScheme) => ({ picture, size, colorScheme })),
    ),
  );
}

test.each(pictures())(
  "screenshot of $picture.name, $size, $colorScheme",
  async ({ picture: { name, query = "", arrange }, size, colorScheme }) => {
    mkdirSync(FOLDER, { recursive: true });
    const isEmbed = name === "embed";
    const viewport = isEmbed ? { viewport: { width: 480, height: 260 } } : {};
    const screen = await house.open(query, { ...SIZES[size], ...viewport, colorScheme });
    if (!/no-such|another/.test(query)) {
      await screen.isLive();
      await screen.reads("clock", /^±\d/);
    }
    await arrange?.(screen);
    // Wait for animations to finish.
    await screen.page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
    const path = join(FOLDER, `${name}-${size}-${colorScheme}.png`);
    expect((await screen.page.screenshot({ path })).length).toBeGreaterThan(3_000);
    await screen.page.context().setOffline(false);
    if (name === "offline" || name === "reconnecting") await back();
  },
);
