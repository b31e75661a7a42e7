/**
 * Performs one run from hub to report: starts everything, waits, collects the results, and shuts everything down in any
 * case.
 */

import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { seeded } from "../../web/tests/samples";
import { Hub, type HubSettings } from "../browser/hub";
import { DelayProxies } from "./delay_proxies";
import type { TimeSpan } from "./figures/page_trace";
import { MeasuredPage, type PageResult, randomClockSkew } from "./measured_page";
import type { RunPlan } from "./options";
import { drawPaths } from "./profiles";
import { measureHubClock, trueNow } from "./reference_clock";
import { buildReport } from "./report/build_report";
import type { Report } from "./report/report";

/** Time allowed after a restart before the pages are judged again. */
const RESTART_GRACE_MS = 5_000;

export async function runOnce(plan: RunPlan, pages: number, seed: number): Promise<Report> {
  const random = seeded(seed);
  const paths = drawPaths(plan.profile, pages, random);
  const clockSkews = paths.map(() => randomClockSkew(random));
  const load = loadavg()[0] as number;
  const closing: (() => unknown)[] = [];
  try {
    let hub = await Hub.start(settingsOf(plan));
    closing.push(() => hub.remove());
    const seeds = paths.map(() => Math.floor(random() * 2 ** 32));
    const proxies = await DelayProxies.open(hub.url, paths, seeds);
    closing.push(() => proxies.close());
    const measuredPages: MeasuredPage[] = [];
    closing.push(() => Promise.all(measuredPages.map((each) => each.close())));
    // One at a time: six browsers starting together would starve each other.
    for (const [i, url] of proxies.urls.entries()) {
      measuredPages.push(await MeasuredPage.open(url, clockSkews[i] as (typeof clockSkews)[number]));
    }
    const span = await waitForRun(plan, async () => {
      await hub.kill();
      hub = await hub.restart();
    });
    const hubClock = await measureHubClock(hub.url);
    const results: PageResult[] = [];
    for (const each of measuredPages) results.push(await each.collect());
    const appliedDelays = await proxies.collectDelays();
    const chromium = measuredPages[0]?.version ?? "";
    const applied = appliedDelays.map((of, i) => ({ ...of, asked: paths[i] as (typeof paths)[number] }));
    return buildReport({ plan, seed, span, hub: hubClock, results, applied, load, chromium });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Waits for the duration of the run, with a restart halfway if planned; returns the time span to judge. */
async function waitForRun(
  { seconds, from, restart }: RunPlan,
  restartHub: () => Promise<void>,
): Promise<TimeSpan> {
  const began = trueNow();
  const judged = { from: began + from * 1000, to: began + seconds * 1000 };
  if (restart) {
    await sleep((seconds * 1000) / 2);
    await restartHub();
    judged.from = Math.max(judged.from, trueNow() + RESTART_GRACE_MS);
  }
  await sleep(Math.max(0, judged.to - trueNow()));
  return judged;
}

function settingsOf({ delay }: RunPlan): HubSettings {
  return { TICKCAST__TOPICS__ECG__DELAY: JSON.stringify(delay) };
}
