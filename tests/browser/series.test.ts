/** Several topics and fields: visibility, values and scales. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { recordAt, recordsIn } from "./history";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

const WAVE = Array.from({ length: 200 }, (_, i) => Math.round(20 + 5 * Math.sin(i / 10)));
const FILES = {
  "weather.json": WAVE.map((temperature, i) => ({ temperature, humidity: 1_000 + i })),
  "pulse.json": WAVE.map((_, i) => ({ value: 60 + (i % 7) })),
  "words.json": [{ note: "no number" }, { note: "here" }],
  "tickcast.toml": `
    [topics.weather]
    dataset = "weather.json"
    rate = 20.0
    start = "2024-01-01T00:00:00Z"
    [topics.weather.fields.temperature]
    label = "Temperature"
    unit = "°C"
    [topics.weather.fields.humidity]
    label = "Humidity"
    unit = "g/m³"
    [topics.pulse]
    dataset = "pulse.json"
    rate = 10.0
    start = "2024-01-01T00:00:00Z"
    [topics.words]
    dataset = "words.json"
    rate = 10.0
    [topics.tomorrow]
    dataset = "pulse.json"
    rate = 10.0
    start = "2099-01-01T00:00:00Z"
    [topics.over]
    dataset = "pulse.json"
    rate = 100.0
    loop = false
    start = "2024-01-01T00:00:00Z"
  `,
};

const house = fixture(() => Hub.startFrom(FILES));

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly isShown: boolean;
}

function legend(screen: Screen): Promise<Entry[]> {
  return screen.page.$$eval('[data-part="legend"] .entry', (entries) =>
    entries.map((entry) => ({
      name: entry.querySelector(".name")?.textContent ?? "",
      value: entry.querySelector("b")?.textContent ?? "",
      unit: entry.querySelector(".unit")?.textContent ?? "",
      isShown: entry.ariaPressed === "true",
    })),
  );
}

async function values(screen: Screen): Promise<number[]> {
  return (await legend(screen)).map(({ value }) => Number(value.replace(",", "")));
}

async function shown(screen: Screen): Promise<string[]> {
  return (await legend(screen)).filter(({ isShown }) => isShown).map(({ name }) => name);
}

/** The number of lines drawn: one path for each. */
async function lines(screen: Screen): Promise<number> {
  return (await screen.line()).length;
}

async function entry(screen: Screen, name: string) {
  return screen.page.locator('[data-part="legend"] .entry', { hasText: name });
}

async function live(query = "?topic=weather,pulse"): Promise<Screen> {
  const screen = await house.open(query);
  await screen.becomes("live");
  await expect.poll(async () => (await legend(screen)).length).toBeGreaterThan(1);
  return screen;
}

test("each field of each topic is a series with its label, unit and last value", async () => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  const edge = await screen.edge();
  const [temperature, humidity, pulse] = await legend(screen);
  expect(temperature).toMatchObject({ name: "Temperature", unit: "°C", isShown: true });
  expect(humidity).toMatchObject({ name: "Humidity", unit: "g/m³", isShown: true });
  expect(pulse).toMatchObject({ name: "value", unit: "", isShown: true });
  const [weather, beat] = await Promise.all(
    ["weather", "pulse"].map(async (topic) =>
      (await recordsIn(house.hub.url, topic, edge - 1_000, edge)).at(-1),
    ),
  );
  await expect
    .poll(() => values(screen))
    .toEqual([weather?.data.temperature, weather?.data.humidity, beat?.data.value]);
  expect(await lines(screen)).toBe(3);
});

test("a click hides a series and shows it again", async () => {
  const screen = await live();
  const humidity = await entry(screen, "Humidity");
  await humidity.click();
  await expect.poll(() => shown(screen)).toEqual(["Temperature", "value"]);
  await expect.poll(() => lines(screen)).toBe(2);
  await humidity.click();
  await expect.poll(() => shown(screen)).toEqual(["Temperature", "Humidity", "value"]);
  await expect.poll(() => lines(screen)).toBe(3);
});

test("a double click or Shift-click shows only one series, and then all again", async () => {
  const screen = await live();
  const humidity = await entry(screen, "Humidity");
  await humidity.click({ modifiers: ["Shift"] });
  await expect.poll(() => shown(screen)).toEqual(["Humidity"]);
  await expect.poll(() => lines(screen)).toBe(1);
  await humidity.click({ modifiers: ["Shift"] });
  await expect.poll(() => shown(screen)).toHaveLength(3);
  await humidity.dblclick();
  await expect.poll(() => shown(screen)).toEqual(["Humidity"]);
  await humidity.dblclick();
  await expect.poll(() => shown(screen)).toHaveLength(3);
});

test("digits show and hide series, with Shift only one", async () => {
  const screen = await live();
  await screen.press("2");
  await expect.poll(() => shown(screen)).toEqual(["Temperature", "value"]);
  await screen.press("2", "Shift+Digit3");
  await expect.poll(() => shown(screen)).toEqual(["value"]);
});

test("the crosshair shows the values of all series at one instant", async () => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  const { seq: newest } = await screen.instruments();
  await screen.pointAt("chart", 0.5);
  await expect.poll(() => screen.seq()).toBeLessThan(newest - 50);
  const seq = await screen.seq();
  const weather = await recordAt(house.hub.url, "weather", seq);
  const pulse = (await recordsIn(house.hub.url, "pulse", weather.t / 1000 - 1_000, weather.t / 1000)).at(-1);
  await expect.poll(() => values(screen)).toEqual([...Object.values(weather.data), pulse?.data.value]);
});

test("the topic list adds and removes topics, shows only one, and updates the URL", async () => {
  const screen = await house.open("?topic=weather");
  await screen.becomes("live");
  await screen.click("topics-open");
  await screen.page.check('#topics input[value="pulse"]');
  await screen.reads("topic", /^weather \+ pulse$/);
  await expect.poll(() => new URL(screen.page.url()).search).toBe("?topic=weather,pulse");
  await expect.poll(async () => (await legend(screen)).length).toBe(3);
  await screen.page.click('#topics [aria-label="Only pulse"]');
  await screen.reads("topic", /^pulse$/);
  await expect.poll(() => new URL(screen.page.url()).search).toBe("?topic=pulse");
  // The last topic cannot be removed.
  await screen.page.click('#topics input[value="pulse"]');
  expect(await screen.page.isChecked('#topics input[value="pulse"]')).toBe(true);
});

test("records without numbers are shown, and no notice covers them", async () => {
  const screen = await house.open("?topic=words");
  await screen.becomes("live");
  await screen.page.waitForSelector(".bands li >> text=/^(no number|here)$/");
  expect(await screen.page.isVisible('[data-part="notice"]')).toBe(false);
});

test("a topic that has not started shows when it will", async () => {
  const screen = await house.open("?topic=tomorrow");
  await screen.reads("notice-title", /^This topic starts at .*20(98|99)/);
});

test("a topic that has ended says so and shows its last records", async () => {
  const screen = await house.open("?topic=over");
  await screen.becomes("ended");
  await screen.hasDrawn(150);
  expect(await screen.text("value")).toBe("63");
});

test("a topic added to the hub later is in the list when it is opened", async () => {
  const screen = await house.open("?topic=pulse");
  await screen.becomes("live");
  const config = `${FILES["tickcast.toml"]}\n[topics.late]\ndataset = "pulse.json"\nrate = 10.0\n`;
  house.hub.reload({ ...FILES, "tickcast.toml": config });
  const status = async () => (await fetch(`${house.hub.url}/api/v1/topics/late`)).status;
  await expect.poll(status).toBe(200);
  await screen.click("topics-open");
  await screen.page.waitForSelector('#topics input[value="late"]');
});
