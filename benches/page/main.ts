/**
 * Measures what the page costs the device that shows it (`make pagebench`): frames per second and main-thread time
 * with 10,000 points on the screen, memory over ten minutes, and the behaviour of a hidden tab. It uses a real hub and
 * a real Chromium; the machine should otherwise be idle.
 *
 *   make pagebench ARGS='--only smooth,hidden --minutes 2'
 */

import { parseArgs } from "node:util";
import { Hub, type HubFiles } from "../../tests/browser/hub";
import { Tab } from "../../tests/browser/tab";

const MIB = 1024 * 1024;

const { values: asked } = parseArgs({
  options: {
    only: { type: "string", default: "smooth,memory,hidden" },
    minutes: { type: "string", default: "10" },
  },
});

/** Four fields of four units, which have a panel each. */
const FOUR_PANELS: HubFiles = {
  "tickcast.toml": `
[topics.four]
dataset = "four.json"
rate = 100.0
[topics.four.fields.a]
unit = "V"
[topics.four.fields.b]
unit = "A"
[topics.four.fields.c]
unit = "°C"
[topics.four.fields.d]
unit = "kPa"
`,
  "four.json": Array.from({ length: 10_000 }, (_, i) => ({
    a: Math.sin(i / 20),
    b: Math.cos(i / 33) * 40,
    c: 20 + Math.sin(i / 50) * Math.sin(i / 7),
    d: 100 + (i % 97),
  })),
};

/** What a frame may cost the main thread: three quarters of the time between two frames at 60 a second. */
const FRAME_BUDGET_MS = 12;

/** Opens the page of the hub that `start` starts, and runs `measure` on it. */
async function withPage(
  start: () => Promise<Hub>,
  query: string,
  measure: (tab: Tab) => Promise<void>,
): Promise<void> {
  const hub = await start();
  const tab = await Tab.open(`${hub.url}/${query}`);
  try {
    await tab.until("globalThis.tickcast?.seq > 0");
    await measure(tab);
  } finally {
    await tab.close();
    await hub.remove();
  }
}

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

/** Performance metrics of the page's main thread, by name; times are totals in seconds. */
async function metrics(tab: Tab): Promise<ReadonlyMap<string, number>> {
  await tab.send("Performance.enable");
  const { metrics } = await tab.send<{ metrics: { name: string; value: number }[] }>(
    "Performance.getMetrics",
  );
  return new Map(metrics.map(({ name, value }) => [name, value]));
}

/** The page's memory after a garbage collection, in MiB, including array buffers. */
async function heapMib(tab: Tab): Promise<number> {
  await tab.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = await tab.send<{ usedSize: number; backingStorageSize: number }>(
    "Runtime.getHeapUsage",
  );
  return (usedSize + backingStorageSize) / MIB;
}

async function frames(tab: Tab, count: number): Promise<number> {
  return tab.evaluate<number>(`new Promise((resolve) => {
    const until = performance.now() + ${count * 1000};
    let frames = 0;
    const next = () => { frames += 1; performance.now() < until ? requestAnimationFrame(next) : resolve(frames); };
    requestAnimationFrame(next);
  })`);
}

/** Measures frame rate and main-thread time with 10,000 points a line at 100 records a second: one line, four panels. */
async function smooth(): Promise<void> {
  await frameCosts("one line", () => Hub.start());
  await frameCosts("four panels", () => Hub.startFrom(FOUR_PANELS));
}

async function frameCosts(name: string, start: () => Promise<Hub>): Promise<void> {
  await withPage(start, "?window=100s", async (tab) => {
    await seconds(5);
    const [before, count, after] = [await metrics(tab), await frames(tab, 30), await metrics(tab)];
    const spent = (name: string) => (((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 1000) / count;
    const frame = spent("TaskDuration");
    console.log(
      `smooth, ${name}: ${(count / 30).toFixed(1)} frames/s; main thread ${frame.toFixed(2)} ms per frame ` +
        `of ${FRAME_BUDGET_MS} ms, of which script ${spent("ScriptDuration").toFixed(2)} ms`,
    );
    if (frame > FRAME_BUDGET_MS) process.exitCode = 1;
  });
}

/** Measures the page's memory once a minute. */
async function memory(): Promise<void> {
  await withPage(
    () => Hub.start(),
    "?window=100s",
    async (tab) => {
      const heap: number[] = [];
      for (let minute = 0; minute <= Number(asked.minutes); minute += 1) {
        if (minute > 0) await seconds(60);
        heap.push(await heapMib(tab));
      }
      console.log(`memory: MiB in use, once a minute: ${heap.map((mib) => mib.toFixed(2)).join(" ")}`);
    },
  );
}

/** Hides the tab for a minute at 1,000 records a second, and measures how long the page then takes to be in sync. */
async function hidden(): Promise<void> {
  const start = () => Hub.start({ TICKCAST__TOPICS__ECG__RATE: "1000.0" });
  await withPage(start, "?window=10s", async (tab) => {
    await seconds(15);
    const before = await heapMib(tab);
    await tab.hide();
    await seconds(60);
    const after = await heapMib(tab);
    await tab.show();
    const result = await tab.evaluate<{ firstMs: number; worstMs: number }>(`(async () => {
      const began = performance.now();
      const { now } = await (await fetch("/api/v1/time")).json();
      // Assumes that the hub read its clock halfway through the round trip.
      const hubOffset = now / 1000 - (began + performance.now()) / 2;
      let [first, worst] = [NaN, 0];
      while (performance.now() - began < 3000) {
        await new Promise(requestAnimationFrame);
        const error = Math.abs(globalThis.tickcast.hubOffset - hubOffset);
        const lag = hubOffset + performance.now() - globalThis.tickcast.delayMs - globalThis.tickcast.playhead;
        const isInTime = error < 20 && lag < 100;
        if (isInTime && Number.isNaN(first)) first = performance.now() - began;
        if (!Number.isNaN(first)) worst = Math.max(worst, error);
      }
      return { firstMs: first, worstMs: worst };
    })()`);
    console.log(
      `hidden: memory ${before.toFixed(2)} MiB before, ${after.toFixed(2)} after 60 s hidden; ` +
        `in sync ${result.firstMs.toFixed(0)} ms after being shown, then off by at most ${result.worstMs.toFixed(1)} ms`,
    );
  });
}

const SCENARIOS: Readonly<Record<string, () => Promise<void>>> = { smooth, memory, hidden };

for (const name of asked.only.split(",")) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined)
    throw new Error(`unknown scenario \`${name}\`; use ${Object.keys(SCENARIOS).join(", ")}`);
  await scenario();
}
