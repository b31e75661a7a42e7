/** The hub's event stream in a browser's own `EventSource`, without our client. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { testWith } from "./fixture";
import { Hub } from "./hub";
import { launchBrowser } from "./screen";
import { TestProxy } from "./test_proxy";

const test = testWith("chromium");

let hub: Hub;
let proxy: TestProxy;
let browser: Browser;

beforeAll(async () => {
  [hub, browser] = await Promise.all([Hub.start(), launchBrowser()]);
  proxy = await TestProxy.before(hub.url);
});

afterAll(async () => {
  await browser?.close();
  proxy?.close();
  await hub?.remove();
});

interface Collected {
  /** `seq` of every publication, in order of arrival. */
  readonly seqs: number[];
  /** `hello.recovered` of every connection. */
  readonly recovered: (boolean | null)[];
}

/** Opens a stream in the page that collects in the background. */
async function collect(page: Page): Promise<void> {
  await page.evaluate(() => {
    const collected: Collected = { seqs: [], recovered: [] };
    const events = new EventSource("/sse?last=10");
    events.addEventListener("hello", (event) => collected.recovered.push(JSON.parse(event.data).recovered));
    events.addEventListener("message", (event) => {
      const { seq, data, type } = JSON.parse(event.data);
      const count = type === "batch" ? data.length : 1;
      for (let n = 0; n < count; n += 1) collected.seqs.push(seq + n);
    });
    Object.assign(window, { collected });
  });
}

function collected(page: Page): Promise<Collected> {
  return page.evaluate(() => (window as unknown as { collected: Collected }).collected);
}

/** Waits until `count` connections have received hello, and something has arrived after the last one. */
async function connections(page: Page, count: number): Promise<void> {
  const had = (await collected(page)).seqs.length;
  await page.waitForFunction(
    ([count, had]) => {
      const { seqs, recovered } = (window as unknown as { collected: Collected }).collected;
      return recovered.length >= (count ?? 0) && seqs.length > (had ?? 0) + 20;
    },
    [count, had],
    { timeout: 30_000 },
  );
}

test("an EventSource resumes through three killed connections without gaps or duplicates", async () => {
  const page = await browser.newPage();
  await page.goto(`${proxy.url}/healthz`);
  await collect(page);
  await connections(page, 1);
  for (const count of [2, 3, 4]) {
    proxy.sever();
    await connections(page, count);
  }
  const { seqs, recovered } = await collected(page);
  const first = seqs[0] ?? Number.NaN;
  expect(seqs).toEqual(seqs.map((_, n) => first + n));
  expect(recovered).toEqual([true, true, true, true]);
  await page.close();
});
