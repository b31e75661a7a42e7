/** Every record can be seen, whatever it contains: numbers in objects and in texts, live and from the history. */

import { expect } from "vitest";
import { violationsOf } from "./axe";
import { fixture, testWith } from "./fixture";
import { recordAt } from "./history";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

/** Beyond what a double can hold: only the source's spelling has all digits. */
const BIG = "9007199254740993";
/** Texts and arrays; as text, because a number as large as that cannot be written otherwise. */
const LOG = `[${Array.from(
  { length: 50 },
  (_, i) =>
    `{"message":"request ${i} for a path that is long enough","bins":[${i},1,${-i}],"ids":[${i},${BIG}],"exact":${BIG},"part":1.50}`,
).join()}]`;
const MODES = ["idle", "heating", "running", "idle"];
const START = new Date(Date.now() - 600_000).toISOString();

const house = fixture(() =>
  Hub.startFrom(
    {
      "nested.json": Array.from({ length: 1_000 }, (_, i) => ({
        pose: { x: i, "y.z": -i },
        "pose.x": String(i / 4),
      })),
      "machine.json": Array.from({ length: 100 }, (_, i) => ({
        mode: MODES[Math.floor(i / 20) % 4],
        door: { open: i % 50 < 25 },
      })),
      "odd.json": [null, {}, [], [{ a: 1 }], { deep: { none: null } }],
      "log.json": LOG as unknown as readonly unknown[],
      "tickcast.toml": `
        [topics.odd]
        dataset = "odd.json"
        rate = 5.0
        start = "${START}"
        [topics.log]
        dataset = "log.json"
        rate = 10.0
        start = "${START}"
        [topics.nested]
        dataset = "nested.json"
        rate = 20.0
        start = "${START}"
        fields."pose.x" = { label = "X" }
        [topics.machine]
        dataset = "machine.json"
        rate = 20.0
        start = "${START}"
        fields.mode = { label = "Mode" }
      `,
    },
    { TICKCAST__SERVER__RECOVER_MAX: "100" },
  ),
);

async function legend(screen: Screen): Promise<Record<string, number>> {
  const entries = await screen.page.$$eval('[data-part="legend"] .entry', (all) =>
    all.map((entry) => [entry.querySelector(".name")?.textContent, entry.querySelector("b")?.textContent]),
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Number(value?.replace("−", "-").replaceAll(",", ""))]),
  );
}

test("numbers in objects and in texts are lines, live and from the history alike", async () => {
  const screen = await house.open("?topic=nested");
  await screen.becomes("live");
  await screen.reads("number-texts", /^Text in the records, read as numbers: pose\.x$/);
  await expect.poll(async () => Object.keys(await legend(screen))).toEqual(["X", "pose.y.z", "pose.x"]);
  await screen.press("Space");
  await screen.becomes("paused");
  // Of a window this long the hub sends the extremes of each field.
  for (const window of ["", "5 minutes"]) {
    if (window !== "") await screen.page.click(`[data-part="windows"] [title="Show ${window}"]`);
    await screen.pointAt("chart", 0.3);
    await expect
      .poll(async () => {
        const { data } = await recordAt(house.hub.url, "nested", await screen.seq());
        const { x } = data.pose as unknown as { x: number };
        const { X } = await legend(screen);
        return X === x;
      })
      .toBe(true);
  }
});

/** Name and state of each band. */
async function bands(screen: Screen): Promise<Record<string, string>> {
  const rows = await screen.page.$$eval(".bands li", (all) =>
    all.map((row) => [row.querySelector(".name")?.textContent, row.querySelector("b")?.textContent]),
  );
  return Object.fromEntries(rows);
}

/** The colour of a band at these places, as fractions of its width. */
function colours(screen: Screen, band: number, places: readonly number[]): Promise<string[]> {
  return screen.page.$$eval(
    ".bands canvas",
    (all, [index, across]) => {
      const canvas = all[index] as HTMLCanvasElement;
      const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
      const y = Math.round(canvas.height * 0.85);
      return across.map((x) => [...ctx.getImageData(Math.round(x * canvas.width), y, 1, 1).data].join());
    },
    [band, places] as const,
  );
}

test.each(["", "5 minutes"])(
  "records without numbers are bands of states, with the window %j",
  async (window) => {
    const screen = await house.open("?topic=machine");
    await screen.becomes("live");
    await expect.poll(async () => Object.keys(await bands(screen))).toEqual(["Mode", "door.open"]);
    expect(await screen.page.isVisible('[data-part="notice"]')).toBe(false);
    await screen.press("Space");
    await screen.becomes("paused");
    if (window !== "") await screen.page.click(`[data-part="windows"] [title="Show ${window}"]`);
    const seen = new Map<string, Set<string>>();
    for (const across of [0.2, 0.35, 0.5, 0.65, 0.8, 0.9]) {
      await screen.pointAt("chart", across);
      await expect
        .poll(async () => {
          const [shown, { data }] = [
            await bands(screen),
            await recordAt(house.hub.url, "machine", await screen.seq()),
          ];
          const { mode, door } = data as unknown as { mode: string; door: { open: boolean } };
          return shown.Mode === mode && shown["door.open"] === String(door.open);
        })
        .toBe(true);
      const { Mode = "" } = await bands(screen);
      const [before, colour = "", after] = await colours(screen, 0, [
        across - 0.01,
        across + 0.003,
        across + 0.01,
      ]);
      // Close to a change the crosshair may be at a record on the other side.
      if (before === after) seen.set(Mode, (seen.get(Mode) ?? new Set()).add(colour));
    }
    if (window !== "") return;
    expect(seen.size).toBeGreaterThan(1);
    const all = [...seen.values()].flatMap((own) => [...own]);
    // Each state has one colour, and no two have the same.
    expect(new Set(all).size).toBe(seen.size);
  },
);

/** The record that the hub has here, as it spells it. */
async function spelled(topic: string, seq: number): Promise<string> {
  const url = `${house.hub.url}/api/v1/topics/${topic}/history?from=${seq}&to=${seq}&format=ndjson`;
  const line = await (await fetch(url)).text();
  return /"data":(.*)\}\n$/.exec(line)?.[1] ?? "";
}

/** The record shown as JSON, without white space. */
async function shownJson(screen: Screen): Promise<string> {
  return ((await screen.page.textContent(".record-json pre")) ?? "").replaceAll(/\n\s*|(?<=:) |(?<=,) /g, "");
}

test("J shows the whole record at the crosshair as the hub spells it, live, in the history, and after a reload", async () => {
  const screen = await house.open("?topic=log");
  await screen.becomes("live");
  await screen.press("j");
  await expect.poll(() => shownJson(screen)).toContain(`"exact":${BIG},"part":1.50}`);
  await screen.press("Space");
  await screen.becomes("paused");
  for (const place of ["live", "history", "reload"]) {
    if (place === "history") {
      const { x, y } = await screen.placeOn("strip", 0.3);
      await screen.page.mouse.click(x, y);
    }
    if (place === "reload") {
      await screen.page.reload();
      await screen.becomes("live");
      await screen.press("Space", "j");
      await screen.becomes("paused");
    }
    await screen.pointAt("chart", 0.6);
    await expect
      .poll(async () => {
        const seq = await screen.seq();
        const [shown, title] = [await shownJson(screen), await screen.page.textContent(".record-json h3")];
        const isThis = title?.startsWith(`Record ${new Intl.NumberFormat("en").format(seq)}, `) ?? false;
        return seq > 0 && isThis && shown === (await spelled("log", seq));
      })
      .toBe(true);
  }
  await screen.press("j");
  await screen.page.waitForSelector(".record-json", { state: "hidden" });
});

test("records that hold nothing to draw are shown as JSON, and are never said to be absent", async () => {
  const screen = await house.open("?topic=odd");
  await screen.becomes("live");
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      seen.add(await shownJson(screen));
      return [...seen].sort();
    })
    .toEqual(["[]", '[{"a":1}]', "null", '{"deep":{"none":null}}', "{}"].sort());
  expect(await screen.page.isVisible('[data-part="notice"]')).toBe(false);
  await screen.choose("Show as table");
  await expect.poll(() => screen.page.textContent('dialog[data-part="table"]')).toContain('{"a":1}');
  expect(await screen.page.textContent('dialog[data-part="table"]')).not.toContain("No records in view");
});

test("without numbers the chart is only its time axis, and the strip shows where the records are", async () => {
  const screen = await house.open("?topic=machine");
  await screen.becomes("live");
  const height = () => screen.page.$eval('[data-part="chart"]', ({ clientHeight }) => clientHeight);
  await expect.poll(height).toBeLessThan(80);
  /** The share of the strip's width in which something is drawn between its upper edge and its middle. */
  const marked = () =>
    screen.page.$eval('[data-part="strip"] canvas', (element) => {
      const canvas = element as HTMLCanvasElement;
      const row = (y: number) => canvas.getContext("2d")?.getImageData(0, y, canvas.width, 1).data ?? [];
      const [edge, inside] = [row(1), row(Math.round(canvas.height / 3))];
      let count = 0;
      for (let i = 0; i < inside.length; i += 4)
        if ([0, 1, 2, 3].some((k) => inside[i + k] !== edge[i + k])) count += 1;
      return count / canvas.width;
    });
  await expect.poll(marked, { timeout: 20_000 }).toBeGreaterThan(0.8);
});

test("the table follows the stream and has every value as the hub spells it", async () => {
  const screen = await house.open("?topic=log,machine");
  await screen.becomes("live");
  await screen.choose("Show as table");
  const table = screen.page.locator('dialog[data-part="table"]');
  const newest = async () =>
    Number((await table.locator("tbody tr:first-child td:nth-child(2)").textContent())?.replaceAll(",", ""));
  await expect.poll(() => table.locator("th").allTextContents()).toContain("door.open");
  const cells = await table.locator("tbody td").allTextContents();
  for (const text of [BIG, "1.50", "log", "machine"]) expect(cells).toContain(text);
  expect(cells.some((cell) => cell === "true" || cell === "false")).toBe(true);
  const before = await newest();
  await expect.poll(newest).toBeGreaterThan(before);
});

test("texts are a list, newest first, up to the crosshair, and arrays are bars", async () => {
  const screen = await house.open("?topic=log");
  await screen.becomes("live");
  await screen.page.waitForSelector(".log li");
  await screen.press("Space");
  await screen.becomes("paused");
  await screen.pointAt("chart", 0.7);
  await expect
    .poll(async () => {
      const seq = await screen.seq();
      const { data } = await recordAt(house.hub.url, "log", seq);
      const { message, bins } = data as unknown as { message: string; bins: number[] };
      const texts = await screen.page.locator(".log li span").allTextContents();
      const numbers = texts.map((text) => Number(/request (\d+)/.exec(text)?.[1]));
      const isInOrder = numbers.every((n, i) => i === 0 || (n + 1) % 50 === numbers[i - 1]);
      const summaries = await screen.page.locator(".bars b").allTextContents();
      const [low, high] = [String(Math.min(...bins)).replace("-", "−"), Math.max(...bins)];
      const wanted = [`3 values, ${low} … ${high}`, `2 values, ${bins[0]} … ${BIG}`];
      return texts.length > 20 && isInOrder && texts[0] === message && String(summaries) === String(wanted);
    })
    .toBe(true);
});

test.each([
  ["light", 1280],
  ["dark", 320],
] as const)(
  "axe finds nothing serious in what is not a line, %s, %d pixels wide",
  async (colorScheme, width) => {
    const viewport = { width, height: 700 };
    const screen = await house.open("?topic=log,machine,nested", { colorScheme, viewport });
    await screen.becomes("live");
    await screen.press("j");
    await screen.page.waitForSelector(".record-json:not([hidden])");
    await screen.page.waitForSelector(".log li");
    expect(await violationsOf(screen)).toEqual([]);
    // Nothing is wider than the screen.
    expect(await screen.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  },
);
