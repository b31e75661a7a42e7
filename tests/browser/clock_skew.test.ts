/**
 * A page with an installed clock skew sees one consistently wrong clock everywhere; the recorder keeps the true one.
 */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { type ClockSkew, installClockSkew, type Recorder } from "../synchrony/clock_skew";
import { testWith } from "./fixture";
import { launchBrowser } from "./screen";

const test = testWith("chromium");

const SKEW: ClockSkew = { name: "hidden", shiftMs: 700_000, wallShiftMs: -900_000, drift: 0.01 };

/** Two clock readings may be this far apart on a busy machine. */
const APART_MS = 2_000;

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
});

test("every clock of the page is wrong by the same amount", async () => {
  const page = await browser.newPage();
  await page.addInitScript(installClockSkew, SKEW);
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
  }, SKEW.name);
  expect(Math.abs(seen.shift - SKEW.shiftMs - seen.drifted)).toBeLessThan(APART_MS);
  for (const each of [seen.frame, seen.event, seen.timeline, seen.origin, seen.made, seen.spoken])
    expect(Math.abs(each)).toBeLessThan(APART_MS);
  expect(Math.abs(seen.wall - Date.now() - SKEW.wallShiftMs)).toBeLessThan(APART_MS);
  expect(seen).toMatchObject({ given: 5, isDate: true, names: false });
  await page.close();
});

test("the page's clock has the configured drift, and frame times increase", async () => {
  const page = await browser.newPage();
  await page.addInitScript(installClockSkew, SKEW);
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
  }, SKEW.name);
  expect(drift).toBeCloseTo(SKEW.drift, 2);
  expect(isAscending).toBe(true);
  await page.close();
});
