/**
 * A tab that nobody can see: it draws nothing and asks nothing, holds no more than a seen one, and is back in step as
 * soon as somebody looks. What the page does is overheard at the browser's own doors.
 */

import { afterEach, beforeEach, expect, test } from "vitest";
import { Hub } from "./hub";
import { Tab } from "./tab";

const RATE = 1_000;
/** The shortest: so that a hidden page lives through several of what it keeps. */
const WINDOW = "?window=1s";
/** Twice what the page keeps of such a window, delay and margin included. */
const RECORDS = 2 * 7 * RATE;
/** What a page's heap may differ by, collected, when nothing piles up: far less than so many records take. */
const HEAP_SLACK_BYTES = 1_000_000;
/** A burst is ten questions, with this between any two; nothing else of the page waits so long. */
const BURST = 10;
const BURST_SPACING_MS = 50;
/** Of two instants that are said to be one: some frames, and what a busy machine makes of them. */
const CLOSE_MS = 100;

/** A few minutes before the tests, so that the epoch outlives the hub. */
const START = `"${new Date(Date.now() - 300_000).toISOString()}"`;

/** Put in before the page: what it draws, asks, hears, and for how long it waits. */
const OVERHEAR = `
  globalThis.overheard = { frames: 0, pings: 0, records: 0, waits: [] };
  const frame = requestAnimationFrame;
  globalThis.requestAnimationFrame = (call) => frame((at) => { overheard.frames += 1; call(at); });
  const wait = setTimeout;
  globalThis.setTimeout = (call, ms) => { overheard.waits.push(ms); return wait(call, ms); };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...where) {
      super(...where);
      this.addEventListener("message", ({ data }) => {
        const { type, data: records } = JSON.parse(data);
        overheard.records += type === "data" ? 1 : type === "batch" ? records.length : 0;
      });
    }
    send(text) { overheard.pings += 1; super.send(text); }
  };
`;

interface Overheard {
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
  tab = await Tab.open(`${hub.url}/${WINDOW}`, OVERHEAR);
  await isInStep();
});

afterEach(async () => {
  await tab?.close();
  await hub?.remove();
});

/** Live, and drawn as of the instant that is due: page and hub share this machine's clock. */
async function isInStep(): Promise<void> {
  await tab.until(`document.querySelector('[data-part="state-text"]').textContent === "Live"`);
  await tab.until(`Math.abs(Date.now() - tickcast.delayMs - tickcast.playhead) < ${CLOSE_MS}`);
}

/** Waits until so many more records have come. */
async function hasHeard(records: number): Promise<void> {
  const before = await tab.evaluate<number>("overheard.records");
  await tab.until(`overheard.records >= ${before + records}`);
}

function overheard(): Promise<Overheard> {
  return tab.evaluate(`({ ...overheard, waits: undefined, playhead: tickcast.playhead })`);
}

/** What the page holds when all that it could do without is gone. */
async function heldBytes(): Promise<{ readonly heap: number; readonly arrays: number }> {
  await tab.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = await tab.send<{ usedSize: number; backingStorageSize: number }>(
    "Runtime.getHeapUsage",
  );
  return { heap: usedSize, arrays: backingStorageSize };
}

test("a hidden page draws nothing and asks nothing, and what it holds does not grow while records come", async () => {
  await hasHeard(RECORDS / 2);
  await tab.hide();
  const [before, held] = [await overheard(), await heldBytes()];
  await hasHeard(RECORDS);
  const { heap, arrays } = await heldBytes();
  expect(await overheard()).toMatchObject({
    frames: before.frames,
    pings: before.pings,
    playhead: before.playhead,
  });
  expect(arrays - held.arrays).toBeLessThanOrEqual(HEAP_SLACK_BYTES);
  expect(heap - held.heap).toBeLessThanOrEqual(HEAP_SLACK_BYTES);
});

test("whoever looks again sees what is due now, after one burst of questions", async () => {
  await tab.hide();
  await hasHeard(RATE);
  const { pings } = await overheard();
  await tab.evaluate("overheard.waits.length = 0");
  await tab.show();
  await isInStep();
  await tab.until(`overheard.pings >= ${pings + BURST + 5}`);
  const waits = await tab.evaluate<number[]>("overheard.waits");
  expect(waits.filter((ms) => ms === BURST_SPACING_MS).length).toBe(BURST - 1);
});

test("a page that was hidden while its hub died and came back is live when it is seen", async () => {
  await tab.hide();
  await hub.kill();
  hub = await hub.startAgain();
  await hasHeard(RATE);
  await tab.show();
  await isInStep();
  expect(await tab.evaluate(`document.querySelector('[data-part="missed-line"]').hidden`)).toBe(true);
});
