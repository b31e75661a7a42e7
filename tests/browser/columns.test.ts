/** The choice of columns: a table with more than can be told apart as lines. */

import { expect } from "vitest";
import { violationsOf } from "./axe";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

const NAMES = Array.from({ length: 40 }, (_, i) => `sensor_${String(i).padStart(2, "0")}`);
const ROWS = Array.from({ length: 500 }, (_, row) => {
  const wave = (i: number) => (20 + i + Math.sin((row + 7 * i) / 20)).toFixed(3);
  return ["ok", ...NAMES.map((_, i) => wave(i))].join(",");
});
const FILES = {
  "plant.csv": `state,${NAMES.join(",")}\n${ROWS.join("\n")}\n`,
  "yard.json": ROWS.map((_, i) => ({ light: i % 50 })),
  "tickcast.toml": `
    [topics.plant]
    dataset = "plant.csv"
    rate = 50.0
    start = "2024-01-01T00:00:00Z"
    [topics.plant.fields.sensor_30]
    label = "Boiler"
    [topics.yard]
    dataset = "yard.json"
    rate = 10.0
    start = "2024-01-01T00:00:00Z"
  `,
};

const house = fixture(() => Hub.startFrom(FILES));

const DIALOG = 'dialog[data-part="columns"]';

async function open(query = "?topic=plant", options = {}): Promise<Screen> {
  const screen = await house.open(query, options);
  await screen.becomes("live");
  await expect.poll(() => names(screen)).not.toEqual([]);
  return screen;
}

function names(screen: Screen): Promise<string[]> {
  return screen.page.$$eval('[data-part="legend"] .entry .name', (all) => all.map((one) => one.textContent));
}

async function openChooser(screen: Screen): Promise<void> {
  await screen.page.click('[data-part="legend"] .rest button');
  await screen.page.waitForSelector(`${DIALOG}[open]`);
}

async function query(screen: Screen): Promise<string> {
  return new URL(screen.page.url()).search;
}

const chooserText = (screen: Screen) => screen.page.textContent('[data-part="legend"] .rest button');
const chosen = (screen: Screen) =>
  screen.page.$$eval(`${DIALOG} input:checked`, (boxes) =>
    boxes.map((box) => (box as HTMLInputElement).value),
  );

test("of forty columns the first eight are drawn, and a button says so", async () => {
  const screen = await open();
  // A column with a label comes first.
  expect(await names(screen)).toEqual(["Boiler", ...NAMES.slice(0, 7)]);
  expect(await chooserText(screen)).toBe("9 of 41 columns");
  await expect.poll(async () => (await screen.line()).length).toBe(8);
});

test("columns are found and chosen by keyboard, drawn at once, and kept in the address", async () => {
  const screen = await open();
  await screen.page.focus('[data-part="legend"] .rest button');
  await screen.press("Enter");
  await screen.page.waitForSelector(`${DIALOG}[open]`);
  await screen.page.focus(`${DIALOG} input[type="search"]`);
  await screen.page.keyboard.type("OR_39");
  expect(await screen.page.textContent(`${DIALOG} [role="status"]`)).toBe("9 of 41 drawn; 1 of 41 found");
  // All buttons of the group come first.
  await screen.press("Tab", "Tab", "Tab", "Tab", "Space");
  await expect.poll(() => names(screen)).toEqual(["Boiler", ...NAMES.slice(0, 7), "sensor_39"]);
  await screen.press("Escape");
  await expect.poll(async () => (await screen.line()).length).toBe(9);
  await expect.poll(() => query(screen)).toContain("columns=sensor_30,state,sensor_00");
  await screen.page.reload();
  await screen.becomes("live");
  await expect.poll(() => names(screen)).toEqual(["Boiler", ...NAMES.slice(0, 7), "sensor_39"]);
});

test("all, none and the first eight of those found are chosen with one click", async () => {
  const screen = await open("?topic=plant&columns=sensor_30");
  await expect.poll(() => names(screen)).toEqual(["Boiler"]);
  await openChooser(screen);
  await screen.page.fill(`${DIALOG} input[type="search"]`, "sensor_1");
  await screen.page.click(`${DIALOG} >> text="All"`);
  await expect.poll(async () => (await names(screen)).length).toBe(11);
  await screen.page.fill(`${DIALOG} input[type="search"]`, "");
  await screen.page.click(`${DIALOG} >> text="None"`);
  expect(await chosen(screen)).toEqual([]);
  await expect.poll(() => names(screen)).toEqual([]);
  await expect.poll(() => query(screen)).toBe("?topic=plant&columns=");
  expect(await screen.page.isVisible('[data-part="notice"]')).toBe(false);
  await screen.page.click(`${DIALOG} >> text="First eight"`);
  await expect.poll(async () => (await names(screen)).length).toBe(8);
  await expect.poll(() => query(screen)).toBe("?topic=plant");
});

test("with several topics each has its own columns", async () => {
  const screen = await open("?topic=plant,yard");
  await openChooser(screen);
  const plant = screen.page.locator(`${DIALOG} [role="group"][aria-label="Columns of plant"]`);
  await plant.locator('text="None"').click();
  await plant.locator('input[value="sensor_05"]').check();
  await expect.poll(() => names(screen)).toEqual(["sensor_05", "light"]);
  await expect.poll(() => query(screen)).toBe("?topic=plant,yard&columns=plant/sensor_05");
});

test("columns in the address that no record has are reported, and the default is drawn", async () => {
  const screen = await open("?topic=plant&columns=nonsense");
  await screen.reads("said", /^In the address, but not in the records: nonsense$/);
  expect((await names(screen)).length).toBe(8);
});

test("forty lines are drawn if they are wanted", async () => {
  const screen = await open();
  await openChooser(screen);
  await screen.page.click(`${DIALOG} >> text="All"`);
  await screen.press("Escape");
  await expect.poll(async () => (await screen.line()).length).toBe(40);
  expect(await chooserText(screen)).toBe("41 of 41 columns");
});

test.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 320],
] as const)(
  "axe finds nothing serious in the choice of columns, %s, %i pixels wide",
  async (colorScheme, width) => {
    const screen = await open("?topic=plant,yard", { colorScheme, viewport: { width, height: 720 } });
    await openChooser(screen);
    expect(await violationsOf(screen)).toEqual([]);
    expect(await screen.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  },
);
