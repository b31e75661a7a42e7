/** A page in disguise sees one consistent wrong clock, wherever it looks; the recorder keeps the true one. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Disguise, disguise, type Recorder } from "../synchrony/disguise";
import { launchBrowser } from "./screen";

const WORN: Disguise = { name: "hidden", shiftMs: 700_000, wallShiftMs: -900_000, drift: 0.01 };

/** Between two looks at a clock a busy machine may take so long. */
const APART_MS = 2_000;

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
});

test("every clock of the page is wrong by the same", async () => {
  const page = await browser.newPage();
  await page.addInitScript(disguise, WORN);
  await page.goto("data:text/html,<title>any</title>");
  const seen = await page.evaluate(async (name) => {
    const recorder = (globalThis as unknown as Record<string, Recorder>)[name] as Recorder;
    const frame = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
    const trueNow = recorder.now();
    const made = new Date();
    return {
      shift: performance.now() - trueNow,
      frame: frame - performance.now(),
      event: new Event("any").timeStamp - performance.now(),
      timeline: Number(document.timeline.currentTime) - performance.now(),
      origin: performance.timeOrigin + performance.now() - Date.now(),
      made: made.getTime() - Date.now(),
      spoken: new Date(Date()).getTime() - Date.now(),
      given: new Date(5).getTime(),
      isDate: made instanceof Date && made.constructor === Date,
      wall: Date.now(),
      names: Object.keys(globalThis).includes(name),
      drifted: trueNow * 0.01,
    };
  }, WORN.name);
  expect(Math.abs(seen.shift - WORN.shiftMs - seen.drifted)).toBeLessThan(APART_MS);
  for (const each of [seen.frame, seen.event, seen.timeline, seen.origin, seen.made, seen.spoken])
    expect(Math.abs(each)).toBeLessThan(APART_MS);
  expect(Math.abs(seen.wall - Date.now() - WORN.wallShiftMs)).toBeLessThan(APART_MS);
  expect(seen).toMatchObject({ given: 5, isDate: true, names: false });
  await page.close();
});

test("the page's clock runs as fast as its drift says, and no frame is before the last", async () => {
  const page = await browser.newPage();
  await page.addInitScript(disguise, WORN);
  await page.goto("data:text/html,<title>any</title>");
  const [drift, isAscending] = await page.evaluate(async (name) => {
    const recorder = (globalThis as unknown as Record<string, Recorder>)[name] as Recorder;
    const look = () => ({ page: performance.now(), true: recorder.now() });
    const first = look();
    const frames: number[] = [];
    while (frames.length < 40) frames.push(await new Promise<number>((done) => requestAnimationFrame(done)));
    const last = look();
    const ascending = frames.every((at, i) => i === 0 || at > (frames[i - 1] as number));
    return [(last.page - first.page) / (last.true - first.true) - 1, ascending] as const;
  }, WORN.name);
  expect(drift).toBeCloseTo(WORN.drift, 2);
  expect(isAscending).toBe(true);
  await page.close();
});
