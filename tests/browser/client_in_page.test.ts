/** The client library as served by a hub, in an otherwise empty page. */

import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { testWith } from "./fixture";
import { Hub } from "./hub";
import { launchBrowser } from "./screen";

const test = testWith("chromium");

let hub: Hub;
let browser: Browser;

beforeAll(async () => {
  [hub, browser] = await Promise.all([Hub.start(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await hub?.remove();
});

test("the sample for the client library in docs/clients.md prints records", async () => {
  const docs = await readFile(new URL("../../docs/clients.md", import.meta.url), "utf8");
  const lines = /```js\n(import { Client }.*?)```/s.exec(docs)?.[1] ?? "";
  const page = await browser.newPage();
  await page.goto(`${hub.url}/healthz`);
  const record = page.waitForEvent("console", (message) => /^\d+ \d{16} -?\d+$/.test(message.text()));
  // As typed into the browser's console, which does not support static imports.
  const typed = lines.replace(/import (.*) from (.*);/, "const $1 = await import($2);");
  await page.evaluate(`(async () => {${typed.replaceAll("127.0.0.1:8000", new URL(hub.url).host)}})()`);
  await record;
  await page.close();
});

test("a hub serves it compressed and revalidated on each use", async () => {
  const answer = await fetch(`${hub.url}/tickcast-client.js`, { headers: { "accept-encoding": "br" } });
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "content-encoding": "br",
    "cache-control": "no-cache",
  });
});
