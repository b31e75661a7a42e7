/** What a person reads is what the record says, however many digits it has; and every sample can be seen. */

import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { recordDrawnMarks } from "./drawn_marks";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

/** As text: a number of JavaScript could not hold them. */
const IDS = ["9007199254740993", "9007199254740995", "9007199254740997"];
const LATITUDES = Array.from({ length: 9 }, (_, i) => ({ lat: Number((52.1234567 + i / 1e7).toFixed(7)) }));
const BEGAN = new Date(Date.now() - 600_000).toISOString();

const house = fixture(() =>
  Hub.startFrom({
    "ids.json": `[${IDS.map((id) => `{"id":${id},"n":1}`)}]` as unknown as unknown[],
    "latitudes.json": LATITUDES,
    "turns.json": [{ temp: 20 }, { hum: 50 }, { temp: 21 }, { hum: 51 }],
    "huge.json": [{ v: -1e308 }, { v: 1e308 }],
    "tiny.json": [{ v: 1.25e-9 }, { v: -2.5e-9 }],
    "tickcast.toml": ["ids", "latitudes", "turns", "huge", "tiny"]
      .map((name) => `[topics.${name}]\ndataset = "${name}.json"\nrate = 2.0\nstart = "${BEGAN}"\n`)
      .join(""),
  }),
);

async function open(query: string): Promise<Screen> {
  const screen = await house.open();
  await screen.page.addInitScript(recordDrawnMarks);
  await screen.page.goto(`${house.hub.url}/${query}`);
  await screen.becomes("live");
  return screen;
}

function legend(screen: Screen): Promise<string[]> {
  return screen.page.$$eval('[data-part="legend"] b', (values) =>
    values.map(({ textContent }) => textContent ?? ""),
  );
}

test("an identifier beyond 2^53 is shown as the record spells it: live, at the crosshair, in the table and saved", async () => {
  const screen = await open("?topic=ids&window=5s");
  const id = async () => (await legend(screen))[0] ?? "";
  await expect.poll(id).toMatch(/^900719925474099[357]$/);
  await screen.pointAt("chart", 0.5);
  await expect.poll(() => screen.text("remark")).not.toBe("");
  expect(IDS).toContain(await id());
  await screen.choose("Show as table");
  const cells = async () => {
    const texts = await screen.page.$$eval("#table td, [data-part=table] td", (found) =>
      found.map(({ textContent }) => textContent ?? ""),
    );
    return texts.filter((cell) => IDS.includes(cell)).length;
  };
  await expect.poll(cells).toBeGreaterThan(5);
  await screen.press("Escape");
  const download = screen.page.waitForEvent("download");
  await screen.choose("Save records (CSV)");
  const saved = await readFile(await (await download).path(), "utf8");
  for (const spelling of IDS) expect(saved).toContain(spelling);
});

test("an identifier from the history is spelled as the record spells it", async () => {
  const screen = await open("?topic=ids&window=5s");
  await expect.poll(async () => (await legend(screen))[0]).toMatch(/\d/);
  await screen.press("Space");
  const { x, y } = await screen.placeOn("strip", 0.3);
  await screen.page.mouse.click(x, y);
  await screen.page.waitForFunction(() => Number.isFinite(globalThis.tickcast?.seq));
  await expect.poll(async () => IDS.includes((await legend(screen))[0] ?? "")).toBe(true);
});

test("values have all digits of the data, and axis labels at different heights differ", async () => {
  const screen = await open("?topic=latitudes");
  await screen.reads("value", /^52\.\d{7}$/);
  const labels = await screen.page.evaluate(() =>
    (window.drawnMarks?.[0].texts ?? []).filter(({ align }) => align === "right").map(({ text }) => text),
  );
  expect(labels.length).toBeGreaterThan(2);
  expect(new Set(labels).size).toBe(labels.length);
});

test("very small values are readable", async () => {
  const screen = await open("?topic=tiny");
  await screen.reads("value", /^(1\.25|−2\.5\d?)E−9$/);
});

test("a line from −1E308 to 1E308 is drawn, with a finite axis", async () => {
  const screen = await open("?topic=huge");
  await screen.hasDrawn(10);
  const marks = await screen.page.evaluate(() => window.drawnMarks?.[0]);
  const { height } = (await screen.page.locator('[data-part="chart"]').boundingBox()) ?? { height: 0 };
  for (const { y } of marks?.dots ?? []) expect(y > 0 && y < height).toBe(true);
  expect(marks?.dots.length).toBeGreaterThan(0);
  const labels = (marks?.texts ?? []).filter(({ align }) => align === "right").map(({ text }) => text);
  expect(labels).toEqual(expect.arrayContaining(["0", "1.0E308"]));
});

/** Whether each end of every time that the crosshair's label touches is covered by the layer of the crosshair. */
function coveredEnds(screen: Screen): Promise<readonly boolean[]> {
  return screen.page.evaluate(() => {
    const [chart, overlay] = window.drawnMarks ?? [];
    const [below, above] = document.querySelectorAll<HTMLCanvasElement>('[data-part="chart"] canvas');
    const label = overlay?.texts[0];
    if (chart === undefined || label === undefined || below === undefined || above === undefined) return [];
    const ctx = above.getContext("2d") as CanvasRenderingContext2D;
    const ratio = above.width / above.clientWidth;
    const spanOf = ({ text, x }: { text: string; x: number }) => {
      const half = ctx.measureText(text).width / 2;
      return [x - half + 1, x + half - 1] as const;
    };
    const [from, to] = spanOf(label);
    return chart.texts
      .filter(({ align, y }) => align === "center" && Math.abs(y - label.y) < 15)
      .map(spanOf)
      .filter(([left, right]) => right > from && left < to)
      .flat()
      .map((x) => ctx.getImageData(x * ratio, label.y * ratio, 1, 1).data[3] === 255);
  });
}

test("the crosshair's label leaves no part of another time visible", async () => {
  const screen = await open("?topic=latitudes");
  await screen.press("Space");
  let touched = 0;
  for (let across = 0.3; across < 0.6; across += 0.02) {
    await screen.pointAt("chart", across);
    await expect.poll(() => screen.page.evaluate(() => window.drawnMarks?.[1].texts.length)).toBe(1);
    const covered = await coveredEnds(screen);
    expect(covered).not.toContain(false);
    touched += covered.length;
  }
  expect(touched).toBeGreaterThan(0);
});

/** The number of pixels in the colour of a series around each of its samples, which are drawn as dots. */
async function pixelsAround(screen: Screen): Promise<number[]> {
  return screen.page.evaluate(() => {
    const canvas = document.querySelector('[data-part="chart"] canvas') as HTMLCanvasElement;
    const ratio = canvas.width / canvas.clientWidth;
    const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
    // Those at the left fade out.
    const dots = (window.drawnMarks?.[0].dots ?? []).filter(({ x }) => x > canvas.clientWidth * 0.25);
    return dots.map(({ x, y }) => {
      const { data } = ctx.getImageData((x - 3) * ratio, (y - 3) * ratio, 6 * ratio, 6 * ratio);
      return data.filter((byte, i) => i % 4 === 3 && byte > 128).length;
    });
  });
}

test("a sample without neighbours is visible, live and from the history", async () => {
  const screen = await open("?topic=turns&window=20s");
  const dots = async () => (await pixelsAround(screen)).length;
  await expect.poll(dots).toBeGreaterThan(20);
  for (const pixels of await pixelsAround(screen)) expect(pixels).toBeGreaterThan(20);
  expect((await legend(screen)).every((text) => /^\d+$/.test(text))).toBe(true);
  await screen.press("Space");
  const { x, y } = await screen.placeOn("strip", 0.3);
  await screen.page.mouse.click(x, y);
  await screen.page.waitForFunction(() => Number.isFinite(globalThis.tickcast?.seq));
  await expect.poll(dots).toBeGreaterThan(20);
  for (const pixels of await pixelsAround(screen)) expect(pixels).toBeGreaterThan(20);
});
