/** A page through changes of the rate: it goes on without a break, as far behind as the hub says from then on. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { type Files, Hub } from "./hub";
import { Tab } from "./tab";

/** Of two instants that are said to be one: some frames, and what a busy machine makes of them. */
const CLOSE_MS = 100;

/** With each rate the delay that belongs to it: twice the period and 100 ms, but at least 150 ms. */
const STEPS = [
  [2, 1_100],
  [200, 150],
  [10, 300],
] as const;

function files(rate: number): Files {
  return {
    "tickcast.toml": `[topics.demo]\ndataset = "data.json"\nrate = ${rate}.0\n`,
    "data.json": Array.from({ length: 70 }, (_, value) => ({ value })),
  };
}

let hub: Hub;
let tab: Tab;

beforeEach(async () => {
  hub = await Hub.startFrom(files(100));
  tab = await Tab.open(hub.url, "");
});

afterEach(async () => {
  await tab?.close();
  await hub?.remove();
});

/** Live, and drawn as of the instant that is due by that delay: page and hub share this machine's clock. */
async function isInStep(delayMs: number): Promise<void> {
  await tab.until(`globalThis.tickcast?.delayMs === ${delayMs}`);
  await tab.until(`document.querySelector('[data-part="state-text"]').textContent === "Live"`);
  await tab.until(`Math.abs(Date.now() - ${delayMs} - tickcast.playhead) < ${CLOSE_MS}`);
}

test("a page goes on through changes of the rate, misses nothing, and draws at the delay of each", async () => {
  await isInStep(150);
  for (const [rate, delayMs] of STEPS) {
    hub.reload(files(rate));
    await isInStep(delayMs);
  }
  expect(await tab.evaluate(`document.querySelector('[data-part="missed-line"]').hidden`)).toBe(true);
});
