/**
 * The one true time: the tool's own monotonic clock, and how the hub's clock and each page's lie on it.
 *
 * On Linux the tool and Chromium read the same clock of the kernel, and Chromium tells where on it a page's time
 * began. That is taken, after round trips have shown that it can be true.
 */

import { Agent, get } from "node:http";
import type { Page } from "playwright-core";

/** Where another clock stands on ours, and how far off that can be; milliseconds. */
export interface Bearing {
  readonly origin: number;
  readonly boundMs: number;
}

export function trueNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Pages see their clock in steps of 100 µs. */
const PAGE_CLOCK_STEP_MS = 0.1;

const ROUND_TRIPS = 40;

/** The tool's time when the hub's clock read 0. Asked directly, past every proxy. */
export async function bearingOfHub(url: string): Promise<Bearing> {
  // One connection for all questions: to open one takes longer than to answer.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    return await bearing(async () => JSON.parse(await fetchText(`${url}/api/v1/time`, agent)).now / 1000);
  } finally {
    agent.destroy();
  }
}

/** The tool's time at the page's time origin. */
export async function bearingOfPage(page: Page, recorder: string): Promise<Bearing> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  const seconds = metrics.find(({ name }) => name === "NavigationStart")?.value ?? Number.NaN;
  const measured = await bearing(async () => {
    const expression = `globalThis[${JSON.stringify(recorder)}].now()`;
    const { result } = await session.send("Runtime.evaluate", { expression });
    return (result as { value: number }).value;
  });
  await session.detach();
  const told = { origin: seconds * 1000, boundMs: PAGE_CLOCK_STEP_MS };
  return chooseBearing(told, measured);
}

/** What was told, if it lies where the round trips say; else what they say themselves. */
export function chooseBearing(told: Bearing, measured: Bearing): Bearing {
  const isPossible = Math.abs(told.origin - measured.origin) <= told.boundMs + measured.boundMs;
  return isPossible ? told : measured;
}

/** Of several round trips the quickest way there and the quickest way back, which need not be of the same one. */
async function bearing(ask: () => Promise<number>): Promise<Bearing> {
  let [there, back] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < ROUND_TRIPS; i += 1) {
    const asked = trueNow();
    const theirs = await ask();
    const answered = trueNow();
    there = Math.min(there, theirs - asked);
    back = Math.min(back, answered - theirs);
  }
  return { origin: (back - there) / 2, boundMs: (there + back) / 2 };
}

function fetchText(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
}
