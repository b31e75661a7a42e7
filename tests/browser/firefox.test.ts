/** The page in another browser engine: Debian's Firefox. Everything independent of the engine is tested elsewhere. */

import { afterAll, beforeAll, expect } from "vitest";
import { Firefox } from "./firefox";
import { testWith } from "./fixture";
import { Hub } from "./hub";

const test = testWith("firefox-esr");

const TAB = "\uE004";
const ESCAPE = "\uE00C";

let hub: Hub;
let firefox: Firefox;

beforeAll(async () => {
  hub = await Hub.start();
  firefox = await Firefox.open(hub.url);
});

afterAll(async () => {
  await firefox?.close();
  await hub?.remove();
});

/** Every test leaves the page live. */
async function isLive(): Promise<void> {
  await firefox.reads("state-text", /^Replay$/);
  await firefox.reads("value", /\d/);
}

test("in Firefox the page is live, shows a value, knows the time and moves", async () => {
  await isLive();
  await firefox.reads("unit", /^µV$/);
  await firefox.reads("clock", /^±\d/);
  const playhead = await firefox.evaluate<number>("tickcast.playhead");
  await firefox.until(`tickcast.playhead > ${playhead + 1_000}`);
  await firefox.evaluate(`globalThis.picture = document.querySelector("canvas").toDataURL()`);
  await firefox.until(`document.querySelector("canvas").toDataURL() !== picture`);
});

test("in Firefox the pause button is first in tab order, and the badge leads back to live", async () => {
  await isLive();
  await firefox.press(TAB);
  expect(await firefox.evaluate("document.activeElement.dataset.part")).toBe("pause");
  // A headless window is never in front, and Firefox lets keys press buttons only there.
  await firefox.click(`[data-part="pause"]`);
  await firefox.reads("state-text", /^Paused$/);
  await firefox.reads("behind", /^−\d/);
  await firefox.click(`[data-part="badge"]`);
  await isLive();
});

test("in Firefox a part that could not be loaded is loaded at the next use", async () => {
  await isLive();
  await hub.kill();
  await firefox.press("?");
  await firefox.reads("said", /could not be loaded/);
  hub = await hub.restart();
  await firefox.until(`document.querySelector('[data-part="badge"]').dataset.kind === "live"`);
  await firefox.press("?");
  await firefox.until(`document.querySelector("dialog[open]") !== null`);
  await firefox.press(ESCAPE);
});

test("in Firefox a panel opens and closes", async () => {
  await isLive();
  await firefox.press("?");
  await firefox.until(`document.querySelector(":popover-open, dialog[open]") !== null`);
  await firefox.press(ESCAPE);
  await firefox.until(`document.querySelector(":popover-open, dialog[open]") === null`);
});

test("in Firefox the element is live", async () => {
  await firefox.evaluate(
    `import("/tick-chart.js").then(() => document.body.append(document.createElement("tick-chart")))`,
  );
  await firefox.until(
    `document.querySelector("tick-chart")?.shadowRoot.querySelector(".badge").textContent === "Replay"`,
  );
  await firefox.evaluate(`document.querySelector("tick-chart").remove()`);
});

test("in Firefox an EventSource receives the same topic", async () => {
  const type = await firefox.evaluate(`new Promise((resolve) => {
    const source = new EventSource("/sse/ecg");
    source.onmessage = ({ data }) => { source.close(); resolve(JSON.parse(data).type); };
  })`);
  expect(["data", "batch"]).toContain(type);
});

test("in Firefox the console stays empty", () => {
  expect(firefox.errors).toEqual([]);
});

test("in Firefox the page recovers automatically when the hub is killed and restarted", async () => {
  await isLive();
  await hub.kill();
  await firefox.reads("state-text", /^Reconnecting$/);
  hub = await hub.restart();
  await isLive();
});
