/** Several lines stay readable: panels, axes, limits, tooltip and statistics. */

import { expect } from "vitest";
import { type LayerMarks, recordDrawnMarks } from "./drawn_marks";
import { fixture, testWith } from "./fixture";
import { recordsIn } from "./history";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

const WEATHER = Array.from({ length: 200 }, (_, i) => ({
  inside: 20 + (i % 5),
  outside: 4 + (i % 7),
  humidity: 60 + (i % 9),
  pressure: 1_000 + (i % 11),
}));
/** More lines than are shown at first, and more numbers than can be lines. */
const MANY = Array.from({ length: 50 }, (_, i) =>
  Object.fromEntries(Array.from({ length: 40 }, (_, k) => [`n${k}`, k + (i % 3)])),
);
const BEGAN = new Date(Date.now() - 600_000).toISOString();

const house = fixture(() =>
  Hub.startFrom({
    "weather.json": WEATHER,
    "mixed.json": WEATHER.map(({ inside }, i) => ({
      share: (i % 10) / 10,
      count: 40_000 + i,
      level: inside / 20,
    })),
    "many.json": MANY,
    "tickcast.toml": `
      [topics.weather]
      dataset = "weather.json"
      rate = 20.0
      start = "${BEGAN}"
      fields.inside = { label = "Inside", unit = "°C", min = 0, max = 40, warn = [10, 22] }
      fields.outside = { label = "Outside", unit = "°C" }
      fields.humidity = { label = "Humidity", unit = "%" }
      fields.pressure = { label = "Pressure", unit = "hPa" }
      [topics.mixed]
      dataset = "mixed.json"
      rate = 20.0
      start = "${BEGAN}"
      [topics.alike]
      dataset = "weather.json"
      rate = 20.0
      start = "${BEGAN}"
      fields.inside = { label = "Temperature", unit = "°C" }
      fields.outside = { label = "Temperature", unit = "°F" }
      [topics.many]
      dataset = "many.json"
      rate = 10.0
      start = "${BEGAN}"
    `,
  }),
);

async function open(query: string, options: Parameters<typeof house.open>[1] = {}): Promise<Screen> {
  const screen = await house.open("", options);
  await screen.page.addInitScript(recordDrawnMarks);
  await screen.page.goto(`${house.hub.url}/${query}`);
  await screen.becomes("live");
  await expect.poll(() => screen.page.locator('[data-part="legend"] .entry').count()).toBeGreaterThan(1);
  return screen;
}

async function marks(screen: Screen): Promise<LayerMarks> {
  return (await screen.page.evaluate(() => structuredClone(window.drawnMarks?.[0]))) as LayerMarks;
}

/** The titles of the panels, from top to bottom. */
async function titles(screen: Screen): Promise<string[]> {
  const { texts } = await marks(screen);
  const known = /^(°C|Humidity \(%\)|Pressure \(hPa\)|share, level|count)$/;
  return texts.filter(({ text }) => known.test(text)).map(({ text }) => text);
}

/** The numbers on the axes with their heights, by side. */
async function axis(screen: Screen, side: "left" | "right"): Promise<{ value: number; y: number }[]> {
  const { texts } = await marks(screen);
  return texts
    .filter(
      ({ text, align, x }) => align === "right" && /^[−\d,.]+$/.test(text) && x < 600 === (side === "left"),
    )
    .map(({ text, y }) => ({ value: Number(text.replace(",", "").replace("−", "-")), y }));
}

test("each unit has a panel with an axis of its own, one below the other", async () => {
  const screen = await open("?topic=weather");
  await expect.poll(() => titles(screen)).toEqual(["°C", "Humidity (%)", "Pressure (hPa)"]);
  const ticks = await axis(screen, "left");
  const between = (low: number, high: number) =>
    ticks.filter(({ value }) => value >= low && value <= high).map(({ y }) => y);
  const [degrees, percent, pressure] = [between(0, 40), between(50, 80), between(990, 1_020)];
  for (const heights of [degrees, percent, pressure]) expect(heights.length).toBeGreaterThan(1);
  expect(Math.max(...degrees)).toBeLessThan(Math.min(...percent));
  expect(Math.max(...percent)).toBeLessThan(Math.min(...pressure));
});

test("lines of the same label have different names above their panels and in the image", async () => {
  const screen = await open("?topic=alike");
  const names = ["Temperature (inside) (°C)", "Temperature (outside) (°F)"];
  const texts = async () => (await marks(screen)).texts.map(({ text }) => text);
  await expect.poll(texts).toEqual(expect.arrayContaining(names));
  const [written] = await Promise.all([
    screen.page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const found: string[] = [];
          const { fillText } = CanvasRenderingContext2D.prototype;
          CanvasRenderingContext2D.prototype.fillText = function (...args) {
            if (!this.canvas.isConnected) found.push(args[0]);
            fillText.apply(this, args);
          };
          const { click } = HTMLAnchorElement.prototype;
          HTMLAnchorElement.prototype.click = function () {
            resolve(found);
            click.call(this);
          };
        }),
    ),
    screen.choose("Save image (PNG)"),
  ]);
  expect(written).toEqual(expect.arrayContaining(names));
});

test("fields without a unit that differ in magnitude have panels of their own", async () => {
  const screen = await open("?topic=mixed");
  await expect.poll(() => titles(screen)).toEqual(["share, level", "count"]);
});

test("on request two axes share one panel, also after a reload", async () => {
  const screen = await open("?topic=weather");
  await screen.choose("Value axes");
  await screen.page.click('text="All in one panel"');
  await screen.press("Escape");
  const sides = async () =>
    (await Promise.all([axis(screen, "left"), axis(screen, "right")])).map(({ length }) => length > 1);
  await expect.poll(sides).toEqual([true, true]);
  await screen.page.reload();
  await screen.becomes("live");
  await expect.poll(sides).toEqual([true, true]);
});

test("a configured range and thresholds are shown, and replaced on the page", async () => {
  const screen = await open("?topic=weather");
  await screen.press("Shift+Digit1");
  const ends = async () => {
    const values = (await axis(screen, "left")).map(({ value }) => value);
    return [Math.min(...values), Math.max(...values)];
  };
  await expect.poll(ends).toEqual([0, 40]);
  // 23 and 24 are above the threshold.
  await expect.poll(() => screen.page.textContent('[data-part="legend"] .alarm')).toBe("high");
  await screen.choose("Value axes");
  await screen.page.fill('[aria-label="Inside, Maximum"]', "100");
  await screen.page.fill('[aria-label="Inside, High above"]', "90");
  await screen.page.press('[aria-label="Inside, High above"]', "Enter");
  await screen.press("Escape");
  await expect.poll(ends).toEqual([0, 100]);
  await expect.poll(() => screen.page.textContent('[data-part="legend"] .alarm')).toBe("");
});

test("columns beyond the eighth can be chosen, on a phone too", async () => {
  const screen = await open("?topic=many", {
    viewport: { width: 320, height: 640 },
    hasTouch: true,
    isMobile: true,
  });
  const chooser = screen.page.locator('[data-part="legend"] .rest button');
  await expect.poll(() => chooser.textContent()).toBe("8 of 40 columns");
  await chooser.tap();
  await screen.page.locator('dialog[data-part="columns"] input[value="n39"]').tap();
  await expect.poll(() => chooser.textContent()).toBe("9 of 40 columns");
  const names = screen.page.locator('[data-part="legend"] .entry .name');
  expect(await names.last().textContent()).toBe("n39");
  expect(await screen.page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
});

test("the tooltip at the cursor has the values of the crosshair", async () => {
  const screen = await open("?topic=weather");
  await screen.press("Space");
  await screen.becomes("paused");
  await screen.pointAt("chart", 0.5);
  const tooltip = screen.page.locator(".tooltip");
  await expect.poll(() => tooltip.isVisible()).toBe(true);
  const values = await screen.page.$$eval('[data-part="legend"] .entry', (entries) =>
    entries.map(
      (entry) => `${entry.querySelector("b")?.textContent} ${entry.querySelector(".unit")?.textContent}`,
    ),
  );
  const rows = await tooltip.locator("b").allTextContents();
  expect(rows.map((row) => row.replace(/ (high|low)$/, ""))).toEqual(values);
  const [box, chart] = [
    await tooltip.boundingBox(),
    await screen.page.locator('[data-part="chart"]').boundingBox(),
  ];
  expect(box && chart && box.x >= chart.x && box.x + box.width <= chart.x + chart.width).toBe(true);
});

test("the overview shows the series pointed at", async () => {
  const screen = await open("?topic=weather");
  await screen.press("Space");
  await screen.becomes("paused");
  const overview = () =>
    screen.page.$eval('[data-part="strip"] canvas', (canvas) => (canvas as HTMLCanvasElement).toDataURL());
  await screen.page.hover('[data-part="legend"] .entry >> text="Inside"');
  const first = await overview();
  await screen.page.hover('[data-part="legend"] .entry >> text="Pressure"');
  await expect.poll(async () => (await overview()) !== first).toBe(true);
});

test("the statistics of a chosen range count all its records", async () => {
  const screen = await open("?topic=weather&window=5m");
  const from = (await screen.edge()) - 250_000;
  await screen.page.keyboard.down("Shift");
  await screen.drag("chart", 0.2, 0.6);
  await screen.page.keyboard.up("Shift");
  await screen.becomes("paused");
  await screen.choose("Statistics of the view");
  const cells = () =>
    screen.page.$$eval('[data-part="statistics"] td', (found) => found.map(({ textContent }) => textContent));
  await expect.poll(async () => (await cells()).length).toBe(20);
  const { playhead } = await screen.instruments();
  const windowMs = await screen.windowMs();
  const records = await recordsIn(house.hub.url, "weather", Math.max(from, playhead - windowMs), playhead);
  const inside = records.map(({ data }) => data.inside as number);
  const [, min, max, mean, count] = await cells();
  expect([min, max]).toEqual(["20", "24"]);
  expect(Math.abs(Number(mean) - inside.reduce((sum, value) => sum + value, 0) / inside.length)).toBeLessThan(
    0.1,
  );
  // The window of the page is shown with three digits.
  expect(Math.abs(Number(count?.replace(",", "")) / inside.length - 1)).toBeLessThan(0.02);
});
