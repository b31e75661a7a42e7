/** The page as its users see it, with a real hub. */

import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { testWith } from "./fixture";
import { Hub } from "./hub";
import { launchBrowser, Screen } from "./screen";

const test = testWith("chromium");

/** Rate in the hub's configuration, in records per second. */
const RATE = 100;
const FRAMES_A_SECOND = 60;
/** How far two pages may be apart: a frame each, and one for the uncertainty of their clocks. */
const FRAMES_APART = 3;

let hub: Hub;
let browser: Browser;
const screens: Screen[] = [];

beforeAll(async () => {
  [hub, browser] = await Promise.all([Hub.start(), launchBrowser()]);
});

afterEach(async () => {
  await Promise.all(screens.splice(0).map((screen) => screen.close()));
});

afterAll(async () => {
  await browser?.close();
  await hub?.remove();
});

async function open(query = "", options?: Parameters<typeof Screen.open>[2]): Promise<Screen> {
  const screen = await Screen.open(browser, `${hub.url}/${query}`, options);
  screens.push(screen);
  return screen;
}

test("the hub contains the newest build of the page", async () => {
  const built = await readFile(new URL("../../web/dist/index.html", import.meta.url), "utf8");
  const served = await (await fetch(hub.url)).text();
  expect(served, "the page was built after the hub; build the hub again").toBe(built);
});

test("the page is live and shows a value with its unit", async () => {
  const screen = await open();
  await screen.isLive();
  expect(await screen.text("unit")).toBe("µV");
  expect(await screen.text("topic")).toBe("ecg");
  await screen.reads("seq", /^\d/);
  await screen.reads("clock", /^±\d/);
});

test.each(["README.md", "docs/clients.md"])("the sample for a browser in %s prints values", async (file) => {
  const text = await readFile(new URL(`../../${file}`, import.meta.url), "utf8");
  const lines = /```js\n(.*?)```/s.exec(text)?.[1] ?? "";
  const screen = await open();
  const value = screen.page.waitForEvent("console", (message) => /^-?\d+$/.test(message.text()));
  // As typed into the browser's console: the page's policy forbids inline scripts.
  await screen.page.evaluate(lines.replace("127.0.0.1:8000", new URL(hub.url).host));
  expect(Number((await value).text())).not.toBeNaN();
});

test("the line moves", async () => {
  const screen = await open();
  await screen.isLive();
  expect(await screen.moves()).toBe(true);
});

test("the console stays empty and only the hub is contacted", async () => {
  const screen = await open("?window=30s&theme=dark");
  await screen.isLive();
  expect(await screen.moves()).toBe(true);
  expect(screen.errors).toEqual([]);
  expect([...screen.hosts]).toEqual([new URL(hub.url).host]);
});

test("the pause button is first in tab order, and the space bar resumes", async () => {
  const screen = await open();
  await screen.isLive();
  await screen.page.keyboard.press("Tab");
  await screen.page.keyboard.press("Enter");
  await screen.reads("state-text", /^Paused$/);
  await screen.reads("behind", /^−\d/);
  // The value range may still be animating.
  await expect.poll(() => screen.moves()).toBe(false);
  await screen.page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await screen.page.keyboard.press("Space");
  await screen.reads("state-text", /^Behind$/);
  expect(await screen.moves()).toBe(true);
  await screen.page.click('[data-part="badge"]');
  await screen.reads("state-text", /^Replay$/);
});

test("two pages show the same record at the same instant", async () => {
  const [one, other] = await Promise.all([open(), open()]);
  await Promise.all([one.isLive(), other.isLive()]);
  const apart = async () => {
    const [first, second] = await Promise.all([one.leadOver(RATE), other.leadOver(RATE)]);
    return Math.abs(first - second);
  };
  await expect.poll(apart).toBeLessThanOrEqual(FRAMES_APART * (RATE / FRAMES_A_SECOND));
});

test("with reduced motion the line advances in steps, not in every frame", async () => {
  const screen = await open("", { reducedMotion: "reduce" });
  await screen.isLive();
  const changes = await screen.page.evaluate(async (count) => {
    const canvas = document.querySelector("canvas") as HTMLCanvasElement;
    const [instants, pictures]: [number[], string[]] = [[], [canvas.toDataURL()]];
    while (instants.length < count) {
      const frame = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      const now = canvas.toDataURL();
      if (now === pictures.at(-1)) continue;
      instants.push(frame);
      pictures.push(now);
    }
    return instants;
  }, 6);
  // Two steps per second, so five steps take 2.5 s; frame by frame they would take a tenth of a second.
  expect((changes.at(-1) as number) - (changes[0] as number)).toBeGreaterThan(1_500);
});

test("the page fits a narrow phone in portrait without horizontal scrolling", async () => {
  for (const width of [320, 390]) {
    const screen = await open("", { viewport: { width, height: 700 } });
    await screen.isLive();
    expect(await screen.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  }
});

test("an unknown topic gets a clear message and no further attempts", async () => {
  const screen = await open("?topic=no-such-topic");
  await screen.reads("notice-title", /no topic “no-such-topic”/);
  expect(await screen.text("state-text")).toBe("Not available");
  expect(await screen.page.isVisible('[data-part="notice-link"]')).toBe(true);
});

test("the page recovers automatically when the hub is killed and restarted", async () => {
  const screen = await open();
  await screen.isLive();
  await hub.kill();
  await screen.reads("state-text", /^Reconnecting$/);
  hub = await hub.restart();
  await screen.isLive();
  expect(await screen.moves()).toBe(true);
});
