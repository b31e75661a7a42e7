/** What somebody takes away: a picture, the records, and lines to type elsewhere. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { fixture } from "./fixture";
import { recordsIn } from "./history";
import type { Screen } from "./screen";

const house = fixture();
const PNG = Buffer.from("89504e470d0a1a0a", "hex");

async function paused(): Promise<Screen> {
  const screen = await house.open("", { permissions: ["clipboard-read", "clipboard-write"] });
  await screen.isLive();
  await screen.hasDrawn(900);
  await screen.press("Space");
  await screen.becomes("paused");
  return screen;
}

/** The file that an item of the menu gives. */
async function saved(screen: Screen, item: string): Promise<{ name: string; content: Buffer }> {
  const [download] = await Promise.all([screen.page.waitForEvent("download"), screen.choose(item)]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

test("the picture is a PNG of the whole chart", async () => {
  const screen = await paused();
  const { name, content } = await saved(screen, "Save picture (PNG)");
  expect(name).toMatch(/^ecg-\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z\.png$/);
  expect(content.subarray(0, 8)).toEqual(PNG);
  const width = await screen.page.$eval('[data-part="chart"]', ({ clientWidth }) => clientWidth);
  // Its header gives the width; there is a margin around the chart.
  expect(content.readUInt32BE(16)).toBeGreaterThanOrEqual(width);
  expect(content.length).toBeGreaterThan(10_000);
});

test("the table has exactly the records that are seen", async () => {
  const screen = await paused();
  const { name, content } = await saved(screen, "Save records (CSV)");
  expect(name).toMatch(/^ecg-.*\.csv$/);
  const edge = await screen.edge();
  const records = await recordsIn(house.hub.url, "ecg", edge - 10_000, edge);
  const [header, ...rows] = String(content).trimEnd().split("\r\n");
  expect(header).toBe("seq,t,value");
  expect(rows).toEqual(records.map(({ seq, t, data }) => `${seq},${t},${data.value}`));
  expect(rows).toHaveLength(1_000);
});

test("the records in view are to be had as a table, newest first", async () => {
  const screen = await paused();
  await screen.choose("Show as table");
  const table = screen.page.locator('dialog[data-part="table"]');
  await table.waitFor();
  const seqs = await table.locator("tbody td:nth-child(2)").allTextContents();
  const { seq } = await screen.instruments();
  expect(seqs.map((text) => Number(text.replaceAll(",", "")))).toEqual(seqs.map((_, i) => seq - i));
  expect(seqs).toHaveLength(20);
});

test("the curl line prints records in a shell", async () => {
  const screen = await paused();
  await screen.choose("Copy curl line");
  await screen.reads("said", /^Copied$/);
  const line = await screen.page.evaluate(() => navigator.clipboard.readText());
  const { stdout } = await promisify(execFile)("bash", ["-c", `${line} -s | grep -m 3 '"data"'`]);
  expect(stdout.match(/^data: \{"type":"(data|batch)","seq":\d+/gm)).toHaveLength(3);
});

test("the JavaScript line prints records in a browser", async () => {
  const screen = await paused();
  await screen.choose("Copy JavaScript line");
  await screen.reads("said", /^Copied$/);
  const line = await screen.page.evaluate(() => navigator.clipboard.readText());
  const record = screen.page.waitForEvent("console", (message) => /value/.test(message.text()));
  await screen.page.evaluate(line);
  await record;
});

test("over plain HTTP, where scripts have no clipboard, everything is copied too", async () => {
  const screen = await paused();
  const clipboard = await screen.page.evaluateHandle(() => {
    const { clipboard } = navigator;
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    return clipboard;
  });
  const copied = () => clipboard.evaluate((real) => real.readText());
  await screen.choose("Copy curl line");
  await screen.reads("said", /^Copied$/);
  expect(await copied()).toMatch(/^curl -N 'http/);
  // The menu is still open, and the button still in hand.
  expect(await screen.page.textContent("#menu:popover-open button:focus")).toBe("Copied");
  await screen.press("Escape", "c");
  await expect.poll(copied).toMatch(/^http.*at=/);
});

test("a browser that does not let the page copy is told of", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await screen.press("c");
  await screen.reads("said", /^This browser did not let us copy$/);
});
