/**
 * The page through a hub's death and through a reload, and what of that is seen in the line. The topic began at a
 * fixed instant, so that its epoch outlives the hub, and sends nobody a backfill who does not ask for one: what
 * the line shows from before, the page has kept or asked for.
 */

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Hub, type Settings } from "./hub";
import { launchBrowser, Screen } from "./screen";

/** A few minutes before the tests: some of the dataset's loops lie between. */
const SETTINGS: Settings = {
  TICKCAST__TOPICS__ECG__START: `"${new Date(Date.now() - 300_000).toISOString()}"`,
  TICKCAST__TOPICS__ECG__BACKFILL: "0",
};
/** Wide enough for a hub to come back in, on a slow machine too; narrow enough for every record to be drawn. */
const WINDOW = "?window=15s";
/** At the rate of the repository's own configuration. */
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

/** A page that has been watching its own new hub for so many records. */
async function watched(records: number, settings: Settings = {}, query = WINDOW): Promise<Screen> {
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
  hub = await hub?.startAgain();
  await screen.isLive();
}

/** Waits until the page shows what came after it had asked for that; the number of the last record before. */
async function goesOn(screen: Screen): Promise<number> {
  const [, seq] = /^\?since=[a-z0-9]+%3A(\d+)$/.exec(screen.joinings.at(-1) ?? "") ?? [];
  expect(seq, `asked with \`${screen.joinings.at(-1)}\``).toBeDefined();
  await screen.isBeyond(Number(seq));
  return Number(seq);
}

/** Neighbours lie as far apart as records do in time: none is missing, none is there twice. */
function expectDense(piece: readonly number[]): void {
  // The last point is the line's end, between two records.
  const steps = piece.slice(1, -1).map((x, i) => x - (piece[i] as number));
  const step = stepOf(piece);
  for (const [i, width] of steps.entries())
    expect(Math.abs(width - step), `step ${i} of ${steps.length} is ${width}, not ${step}`).toBeLessThan(
      step / 4,
    );
}

/** From one record to the next on the canvas. */
function stepOf(piece: readonly number[]): number {
  return ((piece.at(-2) as number) - (piece[0] as number)) / (piece.length - 2);
}

test("through a hub's death the line is one, without a hole and without a double", async () => {
  const screen = await watched(300);
  await restartHub(screen);
  const before = await goesOn(screen);
  const [line, now] = [await screen.line(), await screen.seq()];
  // The time without a hub is still in the window: it is what this is about.
  expect(now - before).toBeLessThan(WINDOW_RECORDS);
  expect(line).toHaveLength(1);
  expect(line[0]?.length).toBeGreaterThan(now - before + 100);
  expectDense(line[0] as number[]);
  expect(await screen.text("missed")).toBe("0");
  expect(screen.joinings[0]).toBe("");
});

test("after a reload the window is as full as before, without a hole and without a double", async () => {
  const screen = await watched(600);
  await screen.page.reload();
  await screen.isLive();
  await goesOn(screen);
  // What was there before this page was first opened comes from the history, in its own time.
  await screen.hasDrawn(WINDOW_RECORDS);
  const line = await screen.line();
  expect(line).toHaveLength(1);
  expectDense(line[0] as number[]);
  expect(await screen.text("missed")).toBe("0");
  expect(screen.joinings).toHaveLength(2);
  expect(screen.errors).toEqual([]);
});

test("a page that was away for longer than its window asks for the window, and no more", async () => {
  const screen = await watched(50, {}, "?window=1s");
  await hub?.kill();
  await screen.reads("state-text", /^Reconnecting$/);
  // Its window empties: a second and the delay after the last record.
  await screen.page.waitForFunction(
    () => (window.drawnLine ?? []).every((piece) => piece.every((x) => x < 0)),
    undefined,
    { polling: "raf", timeout: 30_000 },
  );
  hub = await hub?.startAgain();
  await screen.isLive();
  expect(screen.joinings.at(-1)).toMatch(/^\?last=11[67]$/);
  await screen.hasDrawn(90);
  const line = await screen.line();
  expect(line).toHaveLength(1);
  expectDense(line[0] as number[]);
  expect(await screen.text("missed")).toBe("0");
});

test("what the hub cannot give any more is a break in the line, and its size is told", async () => {
  const screen = await watched(300, { TICKCAST__SERVER__RECOVER_MAX: "20" });
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

test("a browser that forbids storage shows the page all the same", async () => {
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
