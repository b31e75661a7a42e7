/**
 * Embedding in pages on another origin: `<tick-chart>`, and the hub's page in a frame, with a hub that lists the origin
 * and with one that does not. Values count up, so that each identifies its record.
 */

import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { isLive, moves, reads, set } from "./element";
import { testWith } from "./fixture";
import { Hub } from "./hub";
import { OtherSite } from "./other_site";
import { launchBrowser } from "./screen";

const test = testWith("chromium");

const RATE = 100;
const FRAMES_A_SECOND = 60;
/** How far two pages may be apart: a frame each, and one for the uncertainty of their clocks. */
const FRAMES_APART = 3;
/** Long enough that the dataset does not loop during the tests. */
const RECORDS = RATE * 3_600;

const DOCUMENT = new URL("../../docs/embed.html", import.meta.url);
const MODULE = new URL("../../web/dist/tick-chart.js", import.meta.url);

let browser: Browser;
let site: OtherSite;
/** `hub` lists the site's origin; `stranger` lists no origin. */
let hub: Hub;
let stranger: Hub;
const pages: Opened[] = [];

interface Opened {
  readonly page: Page;
  readonly errors: string[];
}

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), OtherSite.start()]);
  [hub, stranger] = await Promise.all([hubThatLists(site.origin), hubThatLists()]);
});

afterEach(async () => {
  await Promise.all(pages.splice(0).map(({ page }) => page.context().close()));
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([hub?.remove(), stranger?.remove(), site?.close()]);
});

function hubThatLists(...origins: readonly string[]): Promise<Hub> {
  const topic = (name: string, dataset = "counting", loop = false) =>
    `[topics.${name}]\ndataset = "${dataset}.json"\nrate = ${RATE}\nloop = ${loop}\n`;
  return Hub.startFrom({
    "tickcast.toml": `[server]\nallowed_origins = ${JSON.stringify(origins)}\n${topic("ecg")}${topic("other")}${topic("machine", "machine")}${topic("states", "states", true)}`,
    "counting.json": Array.from({ length: RECORDS }, (_, i) => i),
    "machine.json": Array.from({ length: RECORDS }, (_, i) => ({ n: i, mode: i % 300 < 200 ? "on" : "off" })),
    "states.json": [{ door: true, mode: "on" }],
  });
}

async function open(url: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 900, height: 600 } });
  const opened: Opened = { page: await context.newPage(), errors: [] };
  const { page, errors } = opened;
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  pages.push(opened);
  await page.goto(url);
  return opened;
}

/** Opens a page of the site with this body, and the element's module from the hub. */
function embed(body: string, head = ""): Promise<Opened> {
  const load = `<script type="module" src="${hub.url}/tick-chart.js"></script>`;
  return open(site.put("/page.html", `<!doctype html><title>any</title>${load}${head}${body}`));
}

/**
 * By how many records the value shown is ahead of a clock that all pages of this machine share. Takes the maximum of
 * several updates, because a busy machine can only show a record late.
 */
function lead(page: Page, writings = 60): Promise<number> {
  return page.evaluate(
    ([rate, count]) =>
      new Promise<number>((resolve) => {
        const root = document.querySelector("tick-chart")?.shadowRoot ?? document;
        const value = root.querySelector(".value") as HTMLElement;
        const leads: number[] = [];
        const observer = new MutationObserver(() => {
          const now = performance.timeOrigin + performance.now();
          leads.push(Number(value.textContent?.replace(/\D/g, "")) - (rate * now) / 1000);
          if (leads.length < count) return;
          observer.disconnect();
          resolve(Math.max(...leads.slice(-count / 2)));
        });
        observer.observe(value, { childList: true, characterData: true, subtree: true });
      }),
    [RATE, writings] as const,
  );
}

/** Waits until the hub counts this many viewers of the topic. */
async function hasViewers(count: number, topic = "ecg"): Promise<void> {
  const viewers = async () => (await (await fetch(`${hub.url}/api/v1/topics/${topic}`)).json()).viewers;
  await expect.poll(viewers).toBe(count);
}

test("the documentation's example page shows a live chart under its own strict policy", async () => {
  const text = await readFile(DOCUMENT, "utf8");
  const own = text.replaceAll("127.0.0.1:8000", new URL(hub.url).host);
  const { page, errors } = await open(site.put("/embed.html", own));
  await isLive(page);
  await moves(page);
  expect(errors).toEqual([]);
});

test("the element shows the same record at the same instant as the hub's own page", async () => {
  const [element, own] = await Promise.all([embed("<tick-chart></tick-chart>"), open(hub.url)]);
  await isLive(element.page);
  await own.page.waitForFunction(() => /\d/.test(document.querySelector(".value")?.textContent ?? ""));
  const apart = async () => {
    const [there, here] = await Promise.all([lead(element.page), lead(own.page)]);
    return Math.abs(there - here);
  };
  await expect.poll(apart).toBeLessThanOrEqual(FRAMES_APART * (RATE / FRAMES_A_SECOND));
});

test("for a hub that does not list the page's origin, the element says so and stops", async () => {
  site.put("/tick-chart.js", await readFile(MODULE, "utf8"));
  const chart = `<tick-chart src="${stranger.url}">See <a href="/elsewhere">elsewhere</a></tick-chart>`;
  const body = `<script type="module" src="/tick-chart.js"></script>${chart}`;
  const { page } = await open(site.put("/own.html", body));
  await reads(page, "notice", /does not allow pages from this origin.*allowed_origins/);
  await reads(page, "badge", /^Not available$/);
  // What the embedding page offers instead of the line.
  expect(await page.getByRole("link", { name: "elsewhere" }).isVisible()).toBe(true);
});

test("if the module cannot be loaded, the element's fallback content is visible", async () => {
  const body = `<script type="module" src="${stranger.url}/tick-chart.js"></script><tick-chart>No line here</tick-chart>`;
  const { page, errors } = await open(site.put("/bare.html", body));
  await expect.poll(() => errors.join("\n")).toMatch(/CORS policy/);
  expect(await page.getByText("No line here").isVisible()).toBe(true);
});

test("attributes may change at any time, and may be set before the element is defined", async () => {
  const { page } = await open(
    site.put("/late.html", `<!doctype html><tick-chart topic="other"></tick-chart>`),
  );
  await page.addScriptTag({ type: "module", url: `${hub.url}/tick-chart.js` });
  await isLive(page);
  await reads(page, "label", /^other$/);
  await set(page, "topic", "ecg");
  await reads(page, "label", /^ecg$/);
  await isLive(page);
  await hasViewers(0, "other");
  await set(page, "topic", "ecg, other");
  await reads(page, "legend", /ecg.*other/);
  await set(page, "window", "1m");
  await page.getByLabel(/the last 1 minute$/).waitFor();
  await page.locator("tick-chart .chart").click();
  await page.mouse.wheel(0, 300);
  await page.getByLabel(/the last 1 minute$/).waitFor({ state: "detached" });
  await page.locator("tick-chart .chart").dblclick();
  await page.getByLabel(/the last 1 minute$/).waitFor();
  const ground = () =>
    page.evaluate(() => getComputedStyle(document.querySelector("tick-chart") as Element).backgroundColor);
  const light = await ground();
  await set(page, "theme", "dark");
  expect(await ground()).not.toBe(light);
  await set(page, "src", stranger.url);
  await reads(page, "badge", /^Not available$/);
  await set(page, "src", hub.url);
  await reads(page, "badge", /^Replay$/);
});

test("an invalid hub URL shows a notice, and the next URL is used with all later changes", async () => {
  const { page, errors } = await embed(`<tick-chart topic="ecg"></tick-chart>`);
  await isLive(page);
  await set(page, "src", "ftp://hub.example");
  await reads(page, "notice", /^Invalid hub URL/);
  await reads(page, "badge", /^Not available$/);
  await hasViewers(0);
  await set(page, "topic", "other");
  await set(page, "window", "1m");
  await page.getByLabel(/the last 1 minute$/).waitFor();
  expect(errors.join("\n")).toMatch(/invalid hub URL: `ftp:/);
  await set(page, "src", hub.url);
  await isLive(page);
  await reads(page, "label", /^other$/);
  await page.getByLabel(/other, the last 1 minute$/).waitFor();
});

test("attributes that cannot be met are named below the chart until they are mended", async () => {
  const { page } = await embed(`<tick-chart topic="ecg,nothing" window="abc" theme="neon"></tick-chart>`);
  await isLive(page, "tick-chart");
  await reads(page, "remark", /“abc” in the attribute window is not a time window.*showing 10.s/);
  await reads(page, "remark", /“neon” in the attribute theme is not a theme.*no topic “nothing”/);
  await set(page, "window", "9999d");
  await reads(page, "remark", /“9999d” in the attribute window is not between 100.ms and 366.d/);
  await set(page, "window", "20s");
  await set(page, "theme", "dark");
  await reads(page, "remark", /^There is no topic “nothing” on this hub\. /);
  await set(page, "topic", "ecg");
  await expect.poll(() => page.locator("tick-chart .remark").isVisible()).toBe(false);
});

test("what is not a number is named, with a link to the hub's page, which shows it", async () => {
  const { page } = await embed(`<tick-chart topic="machine"></tick-chart>`);
  await isLive(page);
  await reads(page, "remark", /^Not drawn here: mode\. Open the hub’s page$/);
  await set(page, "topic", "states");
  await reads(page, "notice", /no numbers.*the hub’s page shows every record/);
  await reads(page, "remark", /^Not drawn here: door, mode\. Open the hub’s page$/);
  const link = page.locator("tick-chart .remark a");
  expect(await link.getAttribute("href")).toBe(`${hub.url}/?topic=states`);
  // Above the notice, so that it can be clicked.
  await link.click({ trial: true });
});

test("a detached element disconnects from the hub, and is live again when attached", async () => {
  await hasViewers(0);
  const { page, errors } = await embed(`<tick-chart topic="ecg"></tick-chart>`);
  await isLive(page);
  await hasViewers(1);
  const element = await page.evaluateHandle(() => document.querySelector("tick-chart") as HTMLElement);
  await element.evaluate((taken) => taken.remove());
  await hasViewers(0);
  await element.evaluate((taken) => document.body.append(taken));
  await isLive(page);
  await hasViewers(1);
  await moves(page);
  expect(errors).toEqual([]);
});

test("two elements on one page are both live, even if the module is loaded twice", async () => {
  const two = `<tick-chart id="a" topic="ecg"></tick-chart><tick-chart id="b" topic="other"></tick-chart>`;
  const again = `<script type="module" src="${hub.url}/tick-chart.js?again"></script>`;
  const { page, errors } = await embed(two, again);
  await isLive(page, "#a");
  await isLive(page, "#b");
  await reads(page, "label", /^ecg$/, "#a");
  await reads(page, "label", /^other$/, "#b");
  expect(errors).toEqual([]);
});

test("its view can be paused, and the badge leads back to live", async () => {
  const { page } = await embed("<tick-chart></tick-chart>");
  await isLive(page);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await reads(page, "badge", /^Paused −\d/);
  await page.locator("tick-chart .badge").click();
  await isLive(page);
});

test("the wheel scrolls the embedding page until the chart has focus", async () => {
  const { page } = await embed(`<tick-chart></tick-chart><p style="height:2000px"></p>`);
  await isLive(page);
  const chart = page.locator("tick-chart .chart");
  const label = await chart.getAttribute("aria-label");
  await chart.hover();
  await page.mouse.wheel(0, 100);
  await page.waitForFunction(() => scrollY > 0);
  await page.evaluate(() => scrollTo(0, 0));
  expect(await chart.getAttribute("aria-label")).toBe(label);
  await chart.click();
  await page.mouse.wheel(0, 300);
  await expect.poll(() => chart.getAttribute("aria-label")).not.toBe(label);
  expect(await page.evaluate(() => scrollY)).toBe(0);
});

test("the embedding page can style its parts and set its colours", async () => {
  const style = `<style>
    tick-chart { --series-0: rgb(255, 0, 0); --ground: rgb(1, 2, 3); }
    tick-chart::part(label) { color: rgb(4, 5, 6); }
  </style>`;
  const { page } = await embed("<tick-chart></tick-chart>", style);
  await isLive(page);
  const label = page.locator("tick-chart .label");
  expect(await label.evaluate((element) => getComputedStyle(element).color)).toBe("rgb(4, 5, 6)");
  const element = page.locator("tick-chart");
  expect(await element.evaluate((host) => getComputedStyle(host).backgroundColor)).toBe("rgb(1, 2, 3)");
  await page.waitForFunction(
    () => {
      const canvas = document.querySelector("tick-chart")?.shadowRoot?.querySelector("canvas");
      const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      for (let i = 0; i < pixels.length; i += 4)
        if (pixels[i] === 255 && pixels[i + 1] === 0 && pixels[i + 2] === 0 && pixels[i + 3] === 255)
          return true;
      return false;
    },
    undefined,
    { timeout: 30_000 },
  );
});

test("the hub's page can be framed by a listed origin", async () => {
  const frame = `<iframe src="${hub.url}/?embed=1&topic=ecg" title="ECG"></iframe>`;
  const { page, errors } = await embed(frame);
  const inside = page.frameLocator("iframe");
  await inside.locator('[data-part="state-text"]', { hasText: /^Replay$/ }).waitFor();
  await inside.locator('[data-part="value"]', { hasText: /\d/ }).waitFor();
  expect(errors).toEqual([]);
});

test("in a sandboxed frame without an origin the page says what it needs, and works with it", async () => {
  const frame = (sandbox: string) =>
    `<iframe sandbox="${sandbox}" src="${hub.url}/?embed=1&topic=ecg" title="ECG"></iframe>`;
  const opaque = await embed(frame("allow-scripts"));
  const told = opaque.page.frameLocator("iframe").locator(".fallback");
  await told.filter({ hasText: /allow-same-origin/ }).waitFor();
  const { page } = await embed(frame("allow-scripts allow-same-origin"));
  await page.frameLocator("iframe").locator('[data-part="value"]', { hasText: /\d/ }).waitFor();
  expect(await page.frameLocator("iframe").locator(".fallback").isVisible()).toBe(false);
});

test("the hub's page cannot be framed by any other origin", async () => {
  const { page, errors } = await embed(`<iframe src="${stranger.url}/?embed=1" title="ECG"></iframe>`);
  await expect.poll(() => errors.join("\n")).toMatch(/frame-ancestors/);
  expect(await page.frameLocator("iframe").locator('[data-part="badge"]').count()).toBe(0);
});
