/** Every record can be seen, whatever it contains: numbers in objects and in texts, live and from the history. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { recordAt } from "./history";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

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
      "tickcast.toml": `
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
  for (const window of ["", "5m"]) {
    if (window !== "") await screen.page.click(`[data-part="windows"] >> text="${window}"`);
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

test.each(["", "5m"])("records without numbers are bands of states, with the window %j", async (window) => {
  const screen = await house.open("?topic=machine");
  await screen.becomes("live");
  await expect.poll(async () => Object.keys(await bands(screen))).toEqual(["Mode", "door.open"]);
  expect(await screen.page.isVisible('[data-part="notice"]')).toBe(false);
  await screen.press("Space");
  await screen.becomes("paused");
  if (window !== "") await screen.page.click(`[data-part="windows"] >> text="${window}"`);
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
    const [colour = ""] = await colours(screen, 0, [across + 0.004]);
    seen.set(Mode, (seen.get(Mode) ?? new Set()).add(colour));
  }
  if (window !== "") return;
  expect(seen.size).toBeGreaterThan(1);
  const all = [...seen.values()].flatMap((own) => [...own]);
  // Each state has one colour, and no two have the same.
  expect(new Set(all).size).toBe(seen.size);
});
