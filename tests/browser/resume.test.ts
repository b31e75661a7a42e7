/**
 * Resuming after a hub crash and after a reload, checked in the drawn line. The topic began at a fixed instant, so that
 * its epoch survives a restart, and has no default backfill: everything the line shows from before was kept or
 * requested by the page.
 */

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { testWith } from "./fixture";
import { Hub, type HubSettings } from "./hub";
import { launchBrowser, Screen } from "./screen";

const test = testWith("chromium");

/** A few minutes before the tests, so that the dataset has looped a few times. */
const SETTINGS: HubSettings = {
  TICKCAST__TOPICS__ECG__START: `"${new Date(Date.now() - 300_000).toISOString()}"`,
  TICKCAST__TOPICS__ECG__BACKFILL: "0",
};
/** Wide enough for a hub to restart in, even on a slow machine; narrow enough for every record to be drawn. */
const WINDOW = "?window=15s";
/** At the rate of the repository's configuration. */
const WINDOW_RECORDS = 1_500;

let hub: Hub | undefined;
let browser: Browser;
const screens: Screen[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});

afterEach(async () => {
  await Promise.all(screens.splice(0).map((screen) => screen.close()));
  await hub?.remove();
});

afterAll(async () => {
  await browser?.close();
});

/** Opens a page on a new hub and waits for this many records. */
async function watched(records: number, settings: HubSettings = {}, query = WINDOW): Promise<Screen> {
  hub = await Hub.start({ ...SETTINGS, ...settings });
  const screen = await Screen.open(browser, `${hub.url}/${query}`);
  screens.push(screen);
  await screen.isLive();
  await screen.hasReceived(records);
  return screen;
}

/** Kills the hub and starts it again. */
async function restartHub(screen: Screen): Promise<void> {
  await hub?.kill();
  await screen.reads("state-text", /^Reconnecting$/);
  hub = await hub?.restart();
  await screen.isLive();
}

/** Waits until the page shows records after its resume position; returns that position's `seq`. */
async function goesOn(screen: Screen): Promise<number> {
  const [, seq] = /^\?since=[a-z0-9]+%3A(\d+)$/.exec(screen.joinQueries.at(-1) ?? "") ?? [];
  expect(seq, `asked with \`${screen.joinQueries.at(-1)}\``).toBeDefined();
  await screen.isBeyond(Number(seq));
  return Number(seq);
}

/** Expects evenly spaced points: none missing, none twice. */
function expectDense(run: readonly number[]): void {
  // The last point is the end of the line, between two records.
  const steps = run.slice(1, -1).map((x, i) => x - (run[i] as number));
  const step = stepOf(run);
  for (const [i, width] of steps.entries())
    expect(Math.abs(width - step), `step ${i} of ${steps.length} is ${width}, not ${step}`).toBeLessThan(
      step / 4,
    );
}

/** Distance between two records on the canvas. */
function stepOf(run: readonly number[]): number {
  return ((run.at(-2) as number) - (run[0] as number)) / (run.length - 2);
}

test("after a crash of the hub the line has no gap and no duplicates", async () => {
  const screen = await watched(300);
  await restartHub(screen);
  const before = await goesOn(screen);
  const [line, now] = [await screen.line(), await screen.seq()];
  // The outage must still be in the window for the test to be meaningful.
  expect(now - before).toBeLessThan(WINDOW_RECORDS);
  expect(line).toHaveLength(1);
  expect(line[0]?.length).toBeGreaterThan(now - before + 100);
  expectDense(line[0] as number[]);
  expect(await screen.text("missed")).toBe("0");
  expect(screen.joinQueries[0]).toBe("");
});

test("after a reload the window is as full as before, without gaps or duplicates", async () => {
  const screen = await watched(600);
  await screen.page.reload();
  await screen.isLive();
  await goesOn(screen);
  // Records from before the page was first opened are loaded from the history.
  await screen.hasDrawn(WINDOW_RECORDS);
  const line = await screen.line();
  expect(line).toHaveLength(1);
  expectDense(line[0] as number[]);
  expect(await screen.text("missed")).toBe("0");
  expect(screen.joinQueries).toHaveLength(2);
  expect(screen.errors).toEqual([]);
});

test("a page disconnected for longer than its window requests only the window", async () => {
  const screen = await watched(50, {}, "?window=1s");
  await hub?.kill();
  await screen.reads("state-text", /^Reconnecting$/);
  // Waits for longer than the window and the delay, by the page's clock.
  await screen.page.evaluate(() => {
    document.body.dataset.until = String(performance.now() + 1_500);
  });
  await screen.page.waitForFunction(() => performance.now() > Number(document.body.dataset.until));
  hub = await hub?.restart();
  await screen.isLive();
  expect(screen.joinQueries.at(-1)).toMatch(/^\?last=11[67]$/);
  await screen.hasDrawn(90);
  const line = await screen.line();
  expect(line).toHaveLength(1);
  expectDense(line[0] as number[]);
  expect(await screen.text("missed")).toBe("0");
});

test("records that the hub no longer has are a break in the line and are counted", async () => {
  // A page waits for at least 100 ms, and so for 10 records, before it connects again.
  const screen = await watched(300, { TICKCAST__SERVER__RECOVER_MAX: "1" });
  await restartHub(screen);
  await goesOn(screen);
  await screen.reads("missed", /[1-9]/);
  const missed = Number((await screen.text("missed")).replace(/\D/g, ""));
  const line = await screen.line();
  expect(line).toHaveLength(2);
  const [older, newer] = line as [number[], number[]];
  expectDense(older);
  const hole = ((newer[0] as number) - (older.at(-1) as number)) / stepOf(older);
  expect(Math.round(hole) - 1).toBe(missed);
  expect(await screen.page.isVisible('[data-part="missed-line"]')).toBe(true);
});

test("the page works in a browser that forbids storage", async () => {
  hub = await Hub.start(SETTINGS);
  const screen = await Screen.open(browser, "about:blank");
  screens.push(screen);
  await screen.page.addInitScript(() => {
    Object.defineProperty(window, "sessionStorage", {
      get: () => {
        throw new DOMException("forbidden", "SecurityError");
      },
    });
  });
  await screen.page.goto(hub.url);
  await screen.isLive();
  await screen.page.reload();
  await screen.isLive();
  expect(await screen.moves()).toBe(true);
  expect(screen.errors).toEqual([]);
});
