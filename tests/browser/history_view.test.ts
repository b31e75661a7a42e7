/** History: the time navigator, fetched records, and gestures on the chart. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { recordsIn } from "./history";
import type { Screen } from "./screen";

const test = testWith("chromium");

/** Of the ten minutes of `WITH_HISTORY`, less what earlier tests have used up. */
const FAR_MS = 400_000;

const house = fixture();

async function live(query = ""): Promise<Screen> {
  const screen = await house.open(query);
  await screen.isLive();
  return screen;
}

/** Waits until the right edge is at least `ms` behind `before`. */
async function isBack(screen: Screen, before: number, ms: number): Promise<void> {
  await screen.page.waitForFunction(
    ([edge = 0, back = 0]) => (globalThis.tickcast?.playhead ?? Number.NaN) < edge - back,
    [before, ms],
    { polling: "raf", timeout: 30_000 },
  );
}

/** Waits until the record at the right edge has been loaded; returns its `seq`. */
async function seqAtEdge(screen: Screen): Promise<number> {
  await screen.page.waitForFunction(() => Number.isFinite(globalThis.tickcast?.seq), undefined, {
    polling: "raf",
    timeout: 30_000,
  });
  return (await screen.instruments()).seq;
}

/** Waits until the time navigator reaches back to the beginning of the topic, which only the hub knows. */
async function knowsBeginning(screen: Screen): Promise<void> {
  const length = () => screen.page.getAttribute('[data-part="strip"]', "aria-valuemax");
  await expect.poll(async () => Number(await length())).toBeGreaterThan(590);
}

test("a click far back on the time navigator shows records from the history", async () => {
  const screen = await live();
  const before = await screen.edge();
  await screen.press("Space");
  const { x, y } = await screen.placeOn("strip", 0.2);
  await screen.page.mouse.click(x, y);
  await isBack(screen, before, FAR_MS);
  await screen.hasDrawn(900);
  const [seq, edge] = [await seqAtEdge(screen), await screen.edge()];
  const then = await recordsIn(house.hub.url, "ecg", edge - 1_000, edge);
  expect(seq).toBe(then.at(-1)?.seq);
  expect(await screen.line()).toHaveLength(1);
});

test("the time navigator starts where the history begins, and Home goes there", async () => {
  const screen = await live();
  const [first] = await recordsIn(house.hub.url, "ecg", 0, (await screen.edge()) - 590_000);
  await knowsBeginning(screen);
  await screen.page.focus('[data-part="strip"]');
  await screen.press("Home");
  await screen.becomes("behind");
  await expect.poll(() => screen.page.getAttribute('[data-part="strip"]', "aria-valuenow")).toMatch(/^1\d/);
  const from = (await screen.edge()) - (await screen.windowMs());
  // The view plays on from there.
  expect(from - (first?.t ?? 0) / 1000).toBeGreaterThanOrEqual(-1);
  expect(from - (first?.t ?? 0) / 1000).toBeLessThan(5_000);
  await screen.press("End");
  await screen.becomes("live");
});

test("the time navigator shows the time and a preview of what is under the pointer", async () => {
  const screen = await live();
  await knowsBeginning(screen);
  const preview = screen.page.locator(".preview");
  expect(await preview.isVisible()).toBe(false);
  await screen.pointAt("strip", 0.5);
  await expect.poll(() => preview.textContent()).toMatch(/^(.*, )?\d\d:\d\d:\d\d \S+$/);
  const inked = () =>
    preview.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? {
        data: [],
      };
      return data.some((channel) => channel > 0);
    });
  await expect.poll(inked).toBe(true);
  await screen.pointAt("chart", 0.5);
  await preview.waitFor({ state: "hidden" });
});

test("the view cannot be moved before the beginning", async () => {
  const screen = await live();
  await knowsBeginning(screen);
  await screen.press("Space");
  await screen.page.focus('[data-part="strip"]');
  await screen.press("Home", "PageDown", "PageDown", "ArrowLeft");
  await expect
    .poll(() => screen.page.getAttribute('[data-part="strip"]', "aria-valuenow"))
    .toMatch(/^10(\.|$)/);
  await screen.hasDrawn(900);
  const from = (await screen.edge()) - (await screen.windowMs());
  const [first] = await recordsIn(house.hub.url, "ecg", from - 10_000, from + 1_000);
  expect(first?.seq).toBe(1);
});

test("dragging the time navigator's handle moves the view", async () => {
  const screen = await live("?window=60s");
  const before = await screen.edge();
  await screen.drag("strip", 0.96, 0.5);
  await screen.becomes("behind");
  await isBack(screen, before, 100_000);
  await screen.drag("strip", 0.46, 0.99);
  await screen.becomes("live");
});

test("a long window loaded from the history is one dense line", async () => {
  const screen = await live("?window=5m");
  await expect.poll(async () => (await screen.line()).flat().length).toBeGreaterThan(1_000);
  await expect
    .poll(async () => {
      const line = await screen.line();
      const places = line.flat();
      const steps = places.slice(1).map((x, i) => x - (places[i] ?? 0));
      return {
        pieces: line.length,
        beginsAtTheLeft: (places[0] ?? 999) < 80,
        widest: Math.max(...steps) < 4,
      };
    })
    .toEqual({ pieces: 1, beginsAtTheLeft: true, widest: true });
});

test("a drag to the right shows earlier records, and the view plays on from there", async () => {
  const screen = await live();
  const before = await screen.edge();
  await screen.drag("chart", 0.3, 0.8);
  await screen.becomes("behind");
  await isBack(screen, before, 3_000);
  const edge = await screen.edge();
  await screen.page.waitForFunction((then) => (globalThis.tickcast?.playhead ?? 0) > then, edge);
});

test("Shift-drag shows exactly that range, paused", async () => {
  const screen = await live();
  await screen.page.keyboard.down("Shift");
  await screen.drag("chart", 0.4, 0.6);
  await screen.page.keyboard.up("Shift");
  await screen.becomes("paused");
  expect(await screen.windowMs()).toBeGreaterThan(1_500);
  expect(await screen.windowMs()).toBeLessThan(2_500);
});

test("the wheel zooms, and a double click restores the initial window and live", async () => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  await screen.pointAt("chart", 0.5);
  await screen.page.mouse.wheel(0, 300);
  await expect.poll(() => screen.windowMs()).toBe(20_000);
  await screen.page.mouse.wheel(0, -600);
  await expect.poll(() => screen.windowMs()).toBe(5_000);
  const { x, y } = await screen.placeOn("chart", 0.5);
  await screen.page.mouse.dblclick(x, y);
  await screen.becomes("live");
  await expect.poll(() => screen.windowMs()).toBe(10_000);
});

test("spreading two fingers zooms in, and a double tap resets the view", async () => {
  const screen = await house.open("", {
    hasTouch: true,
    isMobile: true,
    viewport: { width: 390, height: 844 },
  });
  await screen.isLive();
  const devtools = await screen.page.context().newCDPSession(screen.page);
  const touch = async (type: "touchStart" | "touchMove" | "touchEnd", ...across: readonly number[]) => {
    const touchPoints = await Promise.all(across.map((share) => screen.placeOn("chart", share)));
    await devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
  await touch("touchStart", 0.4, 0.6);
  await touch("touchMove", 0.35, 0.65);
  await touch("touchMove", 0.3, 0.7);
  await touch("touchEnd");
  await expect.poll(() => screen.windowMs()).toBeLessThan(6_000);
  const { x, y } = await screen.placeOn("chart", 0.5);
  await screen.page.touchscreen.tap(x, y);
  await screen.page.touchscreen.tap(x, y);
  await expect.poll(() => screen.windowMs()).toBe(10_000);
  await screen.becomes("live");
});
