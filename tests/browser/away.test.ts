/** What the page shows while its hub is away, and how it returns. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import type { Screen } from "./screen";

const test = testWith("chromium");

const house = fixture();

/** Opens a page and takes its hub away. */
async function abandoned(query = "", options: Parameters<typeof house.open>[1] = {}): Promise<Screen> {
  const screen = await house.open(query, options);
  await screen.isLive();
  await house.hub.kill();
  await screen.becomes("reconnecting");
  return screen;
}

async function returns(): Promise<void> {
  house.hub = await house.hub.restart();
}

/** Waits until this much time has passed on the page's own clock. */
async function passes(screen: Screen, ms: number): Promise<void> {
  await screen.page.evaluate((by) => {
    document.body.dataset.until = String(performance.now() + by);
  }, ms);
  await screen.page.waitForFunction(() => performance.now() > Number(document.body.dataset.until));
}

test.each(["", "?kiosk=1", "?embed=1"])(
  "at /%s the last picture stays while the hub is away, and says that it is not live",
  async (query) => {
    const screen = await abandoned(query);
    await expect.poll(() => screen.moves()).toBe(false);
    const [line, edge] = [await screen.line(), await screen.edge()];
    expect(line.flat().length).toBeGreaterThan(500);
    expect(await screen.page.isVisible('[data-part="badge"]')).toBe(true);
    expect(await screen.page.isHidden('[data-part="notice"]')).toBe(true);
    await passes(screen, 3_000);
    expect([await screen.line(), await screen.edge()]).toEqual([line, edge]);
    await returns();
    await screen.becomes("live");
    await expect.poll(() => screen.moves()).toBe(true);
    expect(await screen.edge()).toBeGreaterThan(edge);
  },
);

test("away for longer than the window, the last window is shown, and then the current one", async () => {
  const screen = await abandoned("?window=1s");
  await passes(screen, 4_000);
  const shown = (await screen.line()).flat();
  expect(shown.length).toBeGreaterThan(80);
  await returns();
  await screen.becomes("live");
  await screen.hasDrawn(90);
});

test("while the hub is away, the sync readout says unknown", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.reads("clock", /^±\d/);
  await house.hub.kill();
  await screen.reads("clock-name", /^sync unknown$/);
  await screen.reads("clock", /^$/);
  await screen.click("sync-open");
  await screen.reads("sync", /The hub is not responding.*Accuracy–/);
  await returns();
  await screen.reads("clock", /^±\d/);
});

test("“Retry now” connects at once", async () => {
  const screen = await house.open();
  await screen.isLive();
  // The page does not notice the hub's return by itself, and its next attempt is far away.
  await screen.page.route("**/api/v1/time", (route) => route.abort());
  await house.hub.kill();
  await screen.reads("countdown", /^in ([5-9]|\d\d) s$/);
  await returns();
  await screen.page.getByRole("button", { name: /Retry now/ }).click();
  await screen.becomes("live");
});

test("on a phone, “Retry now” fits beside the countdown and is large enough for a finger", async () => {
  const screen = await abandoned("", {
    viewport: { width: 320, height: 640 },
    hasTouch: true,
    isMobile: true,
  });
  await screen.reads("countdown", /^in \d+ s$/);
  expect(await screen.page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  const box = await screen.page.getByRole("button", { name: /Retry now/ }).boundingBox();
  expect(box?.height).toBeGreaterThanOrEqual(43.5);
  await returns();
  await screen.becomes("live");
});
