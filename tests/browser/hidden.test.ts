/**
 * A hidden tab: it draws nothing and sends nothing, uses no more memory than a visible one, and is back in sync as soon
 * as it is shown. The page's activity is observed by wrapping browser APIs.
 */

import { afterEach, beforeEach, expect } from "vitest";
import { testWith } from "./fixture";
import { Hub } from "./hub";
import { Tab } from "./tab";

const test = testWith("chromium");

const RATE = 1_000;
/** A short window, so that a hidden page replaces its contents several times. */
const WINDOW = "?window=1s";
/** Twice what the page keeps for such a window, including delay and margin. */
const RECORDS = 2 * 7 * RATE;
/** Tolerated change of the heap after garbage collection: far less than this many records take. */
const HEAP_SLACK_BYTES = 1_000_000;
/** A burst has ten probes with this spacing; no other timer of the page is this short. */
const BURST = 10;
const BURST_SPACING_MS = 50;
/** Tolerance for two instants that should be equal: a few frames, and jitter on a busy machine. */
const CLOSE_MS = 100;

/** A few minutes before the tests, so that the epoch survives a restart of the hub. */
const START = `"${new Date(Date.now() - 300_000).toISOString()}"`;

/** Installed before the page loads: counts frames, pings and records, and records timer delays. */
const OBSERVE = `
  globalThis.observed = { frames: 0, pings: 0, records: 0, waits: [] };
  const frame = requestAnimationFrame;
  globalThis.requestAnimationFrame = (call) => frame((at) => { observed.frames += 1; call(at); });
  const wait = setTimeout;
  globalThis.setTimeout = (call, ms) => { observed.waits.push(ms); return wait(call, ms); };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...where) {
      super(...where);
      this.addEventListener("message", ({ data }) => {
        const { type, data: records } = JSON.parse(data);
        observed.records += type === "data" ? 1 : type === "batch" ? records.length : 0;
      });
    }
    send(text) { observed.pings += 1; super.send(text); }
  };
`;

interface Observed {
  readonly frames: number;
  readonly pings: number;
  readonly playhead: number;
}

let hub: Hub;
let tab: Tab;

beforeEach(async () => {
  hub = await Hub.start({
    TICKCAST__TOPICS__ECG__RATE: `${RATE}.0`,
    TICKCAST__TOPICS__ECG__START: START,
  });
  tab = await Tab.open(`${hub.url}/${WINDOW}`, OBSERVE);
  await isInSync();
});

afterEach(async () => {
  await tab?.close();
  await hub?.remove();
});

/** Waits until the page is live and draws the instant that is due: page and hub share this machine's clock. */
async function isInSync(): Promise<void> {
  await tab.until(`document.querySelector('[data-part="state-text"]').textContent === "Replay"`);
  await tab.until(`Math.abs(Date.now() - tickcast.delayMs - tickcast.playhead) < ${CLOSE_MS}`);
}

/** Waits until this many more records have arrived. */
async function hasReceived(records: number): Promise<void> {
  const before = await tab.evaluate<number>("observed.records");
  await tab.until(`observed.records >= ${before + records}`);
}

function observed(): Promise<Observed> {
  return tab.evaluate(`({ ...observed, waits: undefined, playhead: tickcast.playhead })`);
}

/** The page's memory after garbage collection. */
async function memoryInUse(): Promise<{ readonly heap: number; readonly arrays: number }> {
  await tab.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = await tab.send<{ usedSize: number; backingStorageSize: number }>(
    "Runtime.getHeapUsage",
  );
  return { heap: usedSize, arrays: backingStorageSize };
}

test("a hidden page draws nothing and sends nothing, and its memory does not grow while records arrive", async () => {
  await hasReceived(RECORDS / 2);
  await tab.hide();
  const [before, held] = [await observed(), await memoryInUse()];
  await hasReceived(RECORDS);
  const { heap, arrays } = await memoryInUse();
  expect(await observed()).toMatchObject({
    frames: before.frames,
    pings: before.pings,
    playhead: before.playhead,
  });
  expect(arrays - held.arrays).toBeLessThanOrEqual(HEAP_SLACK_BYTES);
  expect(heap - held.heap).toBeLessThanOrEqual(HEAP_SLACK_BYTES);
});

test("a page shown again draws the current instant after one burst of probes", async () => {
  await tab.hide();
  await hasReceived(RATE);
  const { pings } = await observed();
  await tab.evaluate("observed.waits.length = 0");
  await tab.show();
  await isInSync();
  await tab.until(`observed.pings >= ${pings + BURST + 5}`);
  const waits = await tab.evaluate<number[]>("observed.waits");
  expect(waits.filter((ms) => ms === BURST_SPACING_MS).length).toBe(BURST - 1);
});

test("a page that was hidden during a restart of its hub is live when shown", async () => {
  await tab.hide();
  await hub.kill();
  hub = await hub.restart();
  await hasReceived(RATE);
  await tab.show();
  await isInSync();
  expect(await tab.evaluate(`document.querySelector('[data-part="missed-line"]').hidden`)).toBe(true);
});
