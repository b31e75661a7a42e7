/**
 * The reference clock: the tool's own monotonic clock, and the offsets of the hub's and each page's clock from it.
 *
 * On Linux the tool and Chromium read the same kernel clock, and Chromium reports where on it a page's time began. That
 * value is used if round trips are consistent with it.
 */

import { Agent, get } from "node:http";
import type { Page } from "playwright-core";

/** The origin of another clock on ours, and the bound of its error, in milliseconds. */
export interface ClockOffset {
  readonly origin: number;
  readonly boundMs: number;
}

export function trueNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Resolution of the clock in pages: 100 µs. */
const PAGE_CLOCK_STEP_MS = 0.1;

const ROUND_TRIPS = 40;

/** The tool's time when the hub's clock read 0. Measured directly, not through a proxy. */
export async function measureHubClock(url: string): Promise<ClockOffset> {
  // One connection for all requests: opening one takes longer than the request.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    return await measureOffset(
      async () => JSON.parse(await fetchText(`${url}/api/v1/time`, agent)).now / 1000,
    );
  } finally {
    agent.destroy();
  }
}

/** The tool's time at the page's time origin. */
export async function measurePageClock(page: Page, recorder: string): Promise<ClockOffset> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  const seconds = metrics.find(({ name }) => name === "NavigationStart")?.value ?? Number.NaN;
  const measured = await measureOffset(async () => {
    const expression = `globalThis[${JSON.stringify(recorder)}].now()`;
    const { result } = await session.send("Runtime.evaluate", { expression });
    return (result as { value: number }).value;
  });
  await session.detach();
  const reported = { origin: seconds * 1000, boundMs: PAGE_CLOCK_STEP_MS };
  return chooseOffset(reported, measured);
}

/** The reported offset if it is consistent with the measured one, else the measured one. */
export function chooseOffset(reported: ClockOffset, measured: ClockOffset): ClockOffset {
  const isPossible = Math.abs(reported.origin - measured.origin) <= reported.boundMs + measured.boundMs;
  return isPossible ? reported : measured;
}

/** Combines the fastest way there and the fastest way back of several round trips, not necessarily of the same one. */
async function measureOffset(ask: () => Promise<number>): Promise<ClockOffset> {
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
