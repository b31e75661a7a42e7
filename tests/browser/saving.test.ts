/** Downloads and copies: the chart as an image, the records, and snippets. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { recordsIn } from "./history";
import type { Screen } from "./screen";

const test = testWith("chromium");

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

/** Downloads the file of a menu item. */
async function saved(screen: Screen, item: string): Promise<{ name: string; content: Buffer }> {
  const [download] = await Promise.all([screen.page.waitForEvent("download"), screen.choose(item)]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

test("the image is a PNG of the whole chart, at twice the screen's resolution", async () => {
  const screen = await paused();
  const { name, content } = await saved(screen, "Save image (PNG)");
  expect(name).toMatch(/^ecg-\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z\.png$/);
  expect(content.subarray(0, 8)).toEqual(PNG);
  const width = await screen.page.$eval('[data-part="chart"]', ({ clientWidth }) => clientWidth);
  // The PNG header contains the width, which includes a margin.
  expect(content.readUInt32BE(16)).toBeGreaterThanOrEqual(2 * width);
  // The chart on the screen keeps its own.
  const canvas = await screen.page.$eval(
    '[data-part="chart"] canvas',
    (element) => (element as HTMLCanvasElement).width,
  );
  expect(canvas).toBe(width);
  expect(content.length).toBeGreaterThan(10_000);
});

test("the CSV has exactly the visible records", async () => {
  const screen = await paused();
  const { name, content } = await saved(screen, "Save records (CSV)");
  expect(name).toMatch(/^ecg-.*\.csv$/);
  const edge = await screen.edge();
  const records = await recordsIn(house.hub.url, "ecg", edge - 10_000, edge);
  const [header, ...rows] = String(content).trimEnd().split("\r\n");
  expect(header).toBe("\uFEFFtime,seq,t,value");
  const iso = (t: number) => new Date(Math.floor(t / 1000)).toISOString().slice(0, -1);
  expect(rows.map((row) => row.replace(/^(.{23})\d{3}Z/, "$1"))).toEqual(
    records.map(({ seq, t, data }) => `${iso(t)},${seq},${t},${data.value}`),
  );
  expect(rows).toHaveLength(1_000);
});

test("the visible records are available as a table, newest first", async () => {
  const screen = await paused();
  await screen.choose("Show as table");
  const table = screen.page.locator('dialog[data-part="table"]');
  await table.waitFor();
  const seqs = await table.locator("tbody td:nth-child(2)").allTextContents();
  const { seq } = await screen.instruments();
  expect(seqs.map((text) => Number(text.replaceAll(",", "")))).toEqual(seqs.map((_, i) => seq - i));
  expect(seqs).toHaveLength(20);
});

testWith("chromium", "curl")("the curl command prints records in a shell", async () => {
  const screen = await paused();
  await screen.choose("Copy curl command");
  await screen.reads("said", /^Copied$/);
  const line = await screen.page.evaluate(() => navigator.clipboard.readText());
  const { stdout } = await promisify(execFile)("bash", ["-c", `${line} -s | grep -m 3 '"data"'`]);
  expect(stdout.match(/^data: \{"type":"(data|batch)","seq":\d+/gm)).toHaveLength(3);
});

test("the JavaScript snippet prints records in a browser", async () => {
  const screen = await paused();
  await screen.choose("Copy JavaScript snippet");
  await screen.reads("said", /^Copied$/);
  const line = await screen.page.evaluate(() => navigator.clipboard.readText());
  const record = screen.page.waitForEvent("console", (message) => /value/.test(message.text()));
  await screen.page.evaluate(line);
  await record;
});

test("copying works over plain HTTP, without a clipboard API", async () => {
  const screen = await paused();
  const clipboard = await screen.page.evaluateHandle(() => {
    const { clipboard } = navigator;
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    return clipboard;
  });
  const copied = () => clipboard.evaluate((real) => real.readText());
  await screen.choose("Copy curl command");
  await screen.reads("said", /^Copied$/);
  expect(await copied()).toMatch(/^curl -N 'http/);
  // The menu is still open, and the button still focused.
  expect(await screen.page.textContent("#menu:popover-open button:focus")).toBe("Copied");
  await screen.press("Escape", "c");
  await expect.poll(copied).toMatch(/^http.*at=/);
});

test("a failure to copy is reported", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await screen.press("c");
  await screen.reads("said", /^Copying was blocked by the browser$/);
});
