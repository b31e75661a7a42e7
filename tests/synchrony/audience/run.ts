/** Performs a run: starts a hub, has the viewers join, draw and report, and compares what comes out of the hub. */

import { cpus } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Socket } from "../../../web/src/client/runtime";
import { seeded } from "../../../web/tests/samples";
import { Hub } from "../../browser/hub";
import { distribution, quantile } from "../figures/distribution";
import { REAL_TIMERS } from "../path/delay_line";
import { type ClockOffset, measureHubClock, trueNow } from "../reference_clock";
import { agreement, FIGURES, type QuantileAgreement } from "./agreement";
import { coverage, uncovered } from "./coverage";
import { bucketOf, HubExport } from "./exported";
import type { AudienceOptions } from "./options";
import { drawViewers } from "./population";
import type { AudienceResult, ToolLoad } from "./result";
import { type Network, SimulatedViewer } from "./viewer";

const TOPIC = "ticks";
const RECORDS = Array.from({ length: 60 }, (_, i) => i);

/** Two to ten frames a second, which differ so that their quantiles do; in each slice every tenth viewer may draw. */
const SLICES = 10;
const SLICE_MS = 10;
const ROUNDS_MOST = 5;

/** So short that records come late over the longer half of the paths. */
const DELAY = "60ms";

/** Reports that are still on their way when the viewers stop arrive within this time. */
const ARRIVAL_TIMEOUT_MS = 15_000;
const POLL_MS = 200;

const [BOUND] = FIGURES.map(({ metric }) => metric) as [string];

export async function runAudience(options: AudienceOptions): Promise<AudienceResult> {
  const hub = await Hub.startFrom(
    {
      "tickcast.toml": `[topics.${TOPIC}]\ndataset = "ticks.json"\nrate = 1.0\ndelay = "${DELAY}"\n`,
      "ticks.json": RECORDS,
    },
    { TICKCAST__SERVER__MAX_CONNECTIONS_PER_IP: String(options.viewers + 200) },
  );
  const viewers: SimulatedViewer[] = [];
  try {
    const before = await measureHubClock(hub.url);
    const exported = new HubExport(hub.url, hub.opsUrl, TOPIC);
    const load = await letReport(hub.url, viewers, options);
    const sent = viewers.reduce((sum, { reports }) => sum + reports.length, 0);
    await untilCounted(exported, sent);
    const quantiles = await compare(viewers, exported);
    const { reporting } = await exported.audience();
    const counted = (await exported.histogram(BOUND)).count;
    const after = await measureHubClock(hub.url);
    const clock = better(before, after);
    return {
      options,
      date: new Date().toISOString(),
      machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
      node: process.version,
      coverage: coverage(
        viewers.flatMap(({ reports }) => reports),
        clock,
      ),
      uncovered: uncovered(viewers, clock),
      referenceShiftMs: Math.abs(before.origin - after.origin),
      up: distribution(viewers.flatMap(({ up }) => up.delays)),
      down: distribution(viewers.flatMap(({ down }) => down.delays)),
      sent,
      counted,
      viewers: viewers.filter(({ reports }) => reports.length > 0).length,
      reporting,
      quantiles,
      load,
    };
  } finally {
    for (const viewer of viewers) viewer.close();
    await hub.remove();
  }
}

/** Has the viewers join one by one and report; returns what that cost, from when all have joined. */
async function letReport(
  url: string,
  viewers: SimulatedViewer[],
  { viewers: count, join, seconds, seed }: AudienceOptions,
): Promise<ToolLoad> {
  const network: Network = { url, topic: TOPIC, timers: { ...REAL_TIMERS, now: trueNow }, open };
  let slice = 0;
  const frames = setInterval(() => {
    slice += 1;
    const round = Math.floor(slice / SLICES);
    for (let i = slice % SLICES; i < viewers.length; i += SLICES)
      if (round % (1 + (Math.floor(i / SLICES) % ROUNDS_MOST)) === 0) viewers[i]?.draw();
  }, SLICE_MS);
  const loopDelay = monitorEventLoopDelay({ resolution: 1 });
  try {
    for (const setup of drawViewers(count, seeded(seed))) {
      viewers.push(new SimulatedViewer(setup, network));
      await sleep((join * 1000) / count);
    }
    const began = trueNow();
    const cpu = process.cpuUsage();
    loopDelay.enable();
    await sleep(seconds * 1000);
    const { user, system } = process.cpuUsage(cpu);
    return {
      cpuShare: (user + system) / 1000 / (trueNow() - began),
      loopDelay: {
        p50: loopDelay.percentile(50) / 1e6,
        p99: loopDelay.percentile(99) / 1e6,
        max: loopDelay.max / 1e6,
      },
    };
  } finally {
    loopDelay.disable();
    clearInterval(frames);
  }
}

function open(url: string, subprotocol: string): Socket {
  // The records are too short for compression to matter.
  return new WebSocket(url, [subprotocol], { perMessageDeflate: false }) as Socket;
}

async function untilCounted(exported: HubExport, sent: number): Promise<void> {
  const until = trueNow() + ARRIVAL_TIMEOUT_MS;
  while ((await exported.histogram(BOUND)).count < sent && trueNow() < until) await sleep(POLL_MS);
}

async function compare(
  viewers: readonly SimulatedViewer[],
  exported: HubExport,
): Promise<QuantileAgreement[]> {
  const reports = viewers.flatMap((viewer) => viewer.reports.map(({ report }) => report));
  const found: QuantileAgreement[] = [];
  for (const figure of FIGURES)
    found.push(...agreement(figure, reports, await exported.histogram(figure.metric)));
  const histogram = await exported.histogram(BOUND);
  const { bound_p99_us } = await exported.audience();
  const newest = viewers.flatMap(({ reports: sent }) => sent.at(-1)?.report.bound_us ?? []);
  const reported = quantile(Float64Array.from(newest).sort(), 0.99) / 1e6;
  const exportedBound = (bound_p99_us ?? Number.NaN) / 1e6;
  found.push({
    figure: "audience.bound_p99_us",
    share: 0.99,
    reported,
    reportedBucket: bucketOf(histogram, reported),
    exportedBucket: bucketOf(histogram, exportedBound),
    exportedBound,
  });
  return found;
}

function better(one: ClockOffset, other: ClockOffset): ClockOffset {
  return one.boundMs <= other.boundMs ? one : other;
}
