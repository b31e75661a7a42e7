/** One run from hub to report: opens everything, waits, asks everyone, and closes everything whatever happens. */

import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { seeded } from "../../web/tests/random";
import { Hub, type Settings } from "../browser/hub";
import { drawDisguise, Spectator, type Testimony } from "./audience";
import type { Span } from "./figures/seen";
import type { RunPlan } from "./options";
import { Paths } from "./paths";
import { drawPaths } from "./profiles";
import { judge } from "./report/judge";
import type { Report } from "./report/report";
import { bearingOfHub, trueNow } from "./truth";

/** What a restart may take until the same is asked of the pages as before. */
const RESTART_GRACE_MS = 5_000;

export async function conduct(plan: RunPlan, pages: number, seed: number): Promise<Report> {
  const random = seeded(seed);
  const laws = drawPaths(plan.profile, pages, random);
  const disguises = laws.map(() => drawDisguise(random));
  const load = loadavg()[0] as number;
  const closing: (() => unknown)[] = [];
  try {
    let hub = await Hub.start(settingsOf(plan));
    closing.push(() => hub.remove());
    const seeds = laws.map(() => Math.floor(random() * 2 ** 32));
    const paths = await Paths.open(hub.url, laws, seeds);
    closing.push(() => paths.close());
    const spectators: Spectator[] = [];
    closing.push(() => Promise.all(spectators.map((each) => each.close())));
    // One after the other: six browsers that start together would starve each other.
    for (const [i, url] of paths.urls.entries()) {
      spectators.push(await Spectator.open(url, disguises[i] as (typeof disguises)[number]));
    }
    const span = await watch(plan, async () => {
      await hub.kill();
      hub = await hub.startAgain();
    });
    const hubBearing = await bearingOfHub(hub.url);
    const testimonies: Testimony[] = [];
    for (const each of spectators) testimonies.push(await each.testify());
    const account = await paths.account();
    const chromium = spectators[0]?.version ?? "";
    const applied = account.map((of, i) => ({ ...of, asked: laws[i] as (typeof laws)[number] }));
    return judge({ plan, seed, span, hub: hubBearing, testimonies, applied, load, chromium });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Lets the time pass, with a restart in its middle if one is planned; returns what of it is to be judged. */
async function watch({ seconds, from, restart }: RunPlan, restartHub: () => Promise<void>): Promise<Span> {
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

function settingsOf({ delay }: RunPlan): Settings {
  return { TICKCAST__TOPICS__ECG__DELAY: JSON.stringify(delay) };
}
