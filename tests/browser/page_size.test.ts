/** What a browser fetches to show a topic of numbers, and the parts of the page that come when they are used. */

import { get } from "node:http";
import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import type { Screen } from "./screen";

const test = testWith("chromium");

const house = fixture();
/** In bytes, gzipped: document, style sheet, scripts and whatever else the page needs, but no records. */
const SIZE_MAX = 60_000;

/** The page's files that this screen has fetched so far, without records: their addresses, the document first. */
async function fetched(screen: Screen): Promise<readonly string[]> {
  return screen.page.evaluate(() => {
    const entries = [
      ...performance.getEntriesByType("navigation"),
      ...performance.getEntriesByType("resource"),
    ];
    const urls = entries.map(({ name }) => new URL(name)).filter(({ protocol }) => protocol !== "data:");
    return urls.filter(({ pathname }) => !pathname.includes("/api/")).map(({ href }) => href);
  });
}

/** The names of the scripts that came on demand, without their hashes. */
async function parts(screen: Screen): Promise<readonly string[]> {
  const names = (await fetched(screen)).map((url) => /(\w+)-[\w-]{8}\.js$/.exec(url)?.[1] ?? "");
  return names.filter((name) => name !== "" && name !== "index").sort();
}

/** How many bytes the hub sends for a file to a browser that accepts gzip only. */
function gzippedSize(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": "gzip" } }, (response) => {
      expect(response.headers["content-encoding"], url).toBe("gzip");
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
      });
      response.on("end", () => resolve(size));
    }).on("error", reject);
  });
}

async function drawn(): Promise<Screen> {
  const screen = await house.open();
  await screen.isLive();
  await screen.hasDrawn(900);
  return screen;
}

test("a page that shows numbers fetches at most 60 kB in all, and nothing that was not asked for", async () => {
  const screen = await drawn();
  // What would be loaded after the first picture would have been asked for by then.
  await screen.hasReceived(300);
  const urls = await fetched(screen);
  expect(await parts(screen)).toEqual([]);
  expect(urls.length).toBeGreaterThanOrEqual(3);
  const sizes = await Promise.all(urls.map(gzippedSize));
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(SIZE_MAX);
  // The overview below the chart is there from the beginning.
  expect(await screen.page.locator('[data-part="strip"] canvas').count()).toBeGreaterThan(0);
});

test("dialogs are loaded when the first one is opened, records and saving when they are used", async () => {
  const screen = await drawn();
  await screen.press("?");
  await screen.page.locator('dialog[data-part="help"]').waitFor();
  const withDialogs = await parts(screen);
  expect(withDialogs).toContain("page_dialogs");
  expect(withDialogs).not.toContain("records");
  expect(withDialogs).not.toContain("saving_actions");
  await screen.press("Escape");
  const download = screen.page.waitForEvent("download");
  await screen.press("s");
  expect((await download).suggestedFilename()).toMatch(/\.png$/);
  expect(await parts(screen)).toContain("saving_actions");
  await screen.press("j");
  await screen.page.locator(".record-json pre", { hasText: "value" }).waitFor();
  expect(await parts(screen)).toContain("records");
});

test.each([
  ["Show as table", 'dialog[data-part="table"] tbody tr'],
  ["Statistics of the view", 'dialog[data-part="statistics"] tbody tr'],
  ["Value axes", 'dialog[data-part="axes"] tbody tr'],
  ["Show the whole record (JSON)", ".record-json pre"],
])("on a page that has just been opened, “%s” works", async (item, shown) => {
  const screen = await house.open();
  await screen.isLive();
  await screen.choose(item);
  await screen.page.locator(shown).first().waitFor();
  expect(screen.errors).toEqual([]);
});

test("the menu is loaded when it is opened, and is not lost when that fails once", async () => {
  const screen = await drawn();
  await screen.page.route(/menu-/, (route) => route.fulfill({ status: 404 }), { times: 1 });
  await screen.click("menu-open");
  await screen.reads("said", /could not be loaded/);
  await screen.choose("Statistics of the view");
  await screen.page.locator('dialog[data-part="statistics"]').waitFor();
  expect(await parts(screen)).toContain("menu");
});

test("a part that the hub does not have any more is reported, and loaded when it is there again", async () => {
  const screen = await drawn();
  // As after an update of the hub: the names of the files have changed.
  await screen.page.route(/page_dialogs/, (route) => route.fulfill({ status: 404 }), { times: 1 });
  await screen.press("?");
  await screen.reads("said", /could not be loaded.*reload the page$/);
  await screen.press("?");
  await screen.page.locator('dialog[data-part="help"]').waitFor();
});

test("while the hub is away, a part is reported as missing; it is loaded once the hub is back", async () => {
  const screen = await drawn();
  await house.hub.kill();
  await screen.press("s");
  await screen.reads("said", /could not be loaded/);
  house.hub = await house.hub.restart();
  await screen.isLive();
  const download = screen.page.waitForEvent("download");
  await screen.press("s");
  await download;
});
