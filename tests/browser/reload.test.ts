/** A page through changes of the rate: it continues without a break, at the playout delay of each rate. */

import { afterEach, beforeEach, expect } from "vitest";
import { testWith } from "./fixture";
import { Hub, type HubFiles } from "./hub";
import { Tab } from "./tab";

const test = testWith("chromium");

/** Tolerance for two instants that should be equal: a few frames, and jitter on a busy machine. */
const CLOSE_MS = 100;

/** Rates with their automatic delay: twice the period plus 100 ms, but at least 150 ms. */
const STEPS = [
  [2, 1_100],
  [200, 150],
  [10, 300],
] as const;

function files(rate: number): HubFiles {
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

/** Waits until the page is live and draws the instant due at this delay: page and hub share this machine's clock. */
async function isInSync(delayMs: number): Promise<void> {
  await tab.until(`globalThis.tickcast?.delayMs === ${delayMs}`);
  await tab.until(`document.querySelector('[data-part="state-text"]').textContent === "Replay"`);
  await tab.until(`Math.abs(Date.now() - ${delayMs} - tickcast.playhead) < ${CLOSE_MS}`);
}

/** Measures from now on how far the picture runs back between two frames. */
const WATCH = `
  globalThis.backMs = 0;
  let last = Number.NEGATIVE_INFINITY;
  const watch = () => {
    backMs = Math.max(backMs, last - tickcast.playhead);
    last = tickcast.playhead;
    requestAnimationFrame(watch);
  };
  watch();
`;

test("a page continues through rate changes without missing a record, at the delay of each rate", async () => {
  await isInSync(150);
  await tab.evaluate(WATCH);
  for (const [rate, delayMs] of STEPS) {
    hub.reload(files(rate));
    await isInSync(delayMs);
  }
  expect(await tab.evaluate(`document.querySelector('[data-part="missed-line"]').hidden`)).toBe(true);
  // The longer delay is approached gradually; the clock itself may be corrected.
  expect(await tab.evaluate("backMs")).toBeLessThan(300);
});
