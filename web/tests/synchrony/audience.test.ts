/** What simulated viewers report in simulated time, and how the tool judges it. */

import { expect, test } from "vitest";
import { agreement, FIGURES, isWithinABucket } from "../../../tests/synchrony/audience/agreement";
import { coverage, uncovered } from "../../../tests/synchrony/audience/coverage";
import { bucketOf, quantileBucket, readHistogram } from "../../../tests/synchrony/audience/exported";
import { readOptions } from "../../../tests/synchrony/audience/options";
import { DRIFT_MAX, drawViewers, type ViewerSetup } from "../../../tests/synchrony/audience/population";
import { type AudienceResult, unmetClaims } from "../../../tests/synchrony/audience/result";
import { tableOf } from "../../../tests/synchrony/audience/table";
import { SimulatedViewer } from "../../../tests/synchrony/audience/viewer";
import { jitter } from "../../../tests/synchrony/path/jitter";
import type { Report } from "../../src/client/protocol";
import { seeded } from "../samples";
import { SimulatedHub, SimulatedTime } from "./simulated_hub";

const VIEWERS = 20;
const SECONDS = 120;
const FRAME_MS = 100;

/** Has these viewers report to a hub; the hub's clock is known exactly. */
function simulate(setups: readonly ViewerSetup[], seconds = SECONDS) {
  const time = new SimulatedTime();
  const hub = new SimulatedHub(time);
  const viewers = setups.map((setup) => new SimulatedViewer(setup, hub.network));
  for (let ms = 0; ms < seconds * 1000; ms += FRAME_MS) {
    time.run(FRAME_MS);
    for (const viewer of viewers) viewer.draw();
  }
  for (const viewer of viewers) viewer.close();
  return { viewers, hub, clock: { origin: hub.origin, boundMs: 0 } };
}

test("every bound that a viewer reports covers the true error of its clock", () => {
  const { viewers, hub, clock } = simulate(drawViewers(VIEWERS, seeded(1)));
  for (const { reports } of viewers) {
    expect(reports.length).toBeGreaterThan(6);
    const { share, bound } = coverage(reports, clock);
    expect(share).toBe(1);
    // A bound that covers everything would be of no use.
    expect(bound.max).toBeLessThan(200);
  }
  const sent = viewers.flatMap(({ reports }) => reports);
  expect(hub.reports.length).toBeGreaterThan(sent.length - VIEWERS);
  const { error, used } = coverage(sent, clock);
  // The paths differ by direction, so the errors are considerable.
  expect(error.p50).toBeGreaterThan(1);
  expect(used.max).toBeGreaterThan(0.8);
});

test("on a path with almost no delay the bound covers the error of the fastest and the slowest clock", () => {
  const calm = { sigmaMs: 0.05, tailShare: 0, tailMs: 1, burstMs: 0, burstLengthMs: 1, burstEveryMs: 1e9 };
  const path = { up: { floorMs: 0.05, ...calm }, down: { floorMs: 0.05, ...calm } };
  const setups = [-DRIFT_MAX, DRIFT_MAX].map((drift, seed) => ({
    clock: { pageShiftMs: -5_000, wallShiftMs: 0, drift },
    path,
    seed,
  }));
  const { viewers, clock } = simulate(setups);
  for (const { reports } of viewers) {
    expect(coverage(reports, clock).share).toBe(1);
    expect(reports.at(-1)?.report.bound_us).toBeLessThan(2_000);
  }
});

test("viewers differ in their clocks, and a path in its directions", () => {
  const setups = drawViewers(1_000, seeded(2));
  const drifts = setups.map(({ clock }) => clock.drift);
  expect(Math.min(...drifts)).toBeLessThan(-0.95 * DRIFT_MAX);
  expect(Math.max(...drifts)).toBeGreaterThan(0.95 * DRIFT_MAX);
  const skews = setups.map(({ path }) => Math.abs(path.up.floorMs - path.down.floorMs)).sort((a, b) => a - b);
  expect(skews[500]).toBeGreaterThan(5);
  expect(skews.at(-1)).toBeGreaterThan(60);
});

test("a delay is never below its minimum, and a burst lasts", () => {
  const model = { floorMs: 5, sigmaMs: 1, tailShare: 0.02, tailMs: 10, burstMs: 80, burstLengthMs: 2_000 };
  const delay = jitter({ ...model, burstEveryMs: 20_000 }, seeded(3));
  const delays = Array.from({ length: 60_000 }, (_, i) => delay(i * 10));
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(5);
  const isLong = delays.map((ms) => ms > 40);
  const begins = isLong.filter((long, i) => long && !isLong[i - 1]).length;
  const long = isLong.filter(Boolean).length;
  expect(long / delays.length).toBeGreaterThan(0.03);
  // Of a burst of two seconds the delay exceeds half the maximum for 1.4 s, which is 140 messages.
  expect(long / begins).toBeGreaterThan(5);
});

const METRICS = [
  ["0.001", 10],
  ["0.0012", 60],
  ["0.0015", 99],
  ["0.0018", 100],
  ["+Inf", 100],
]
  .flatMap(([le, count]) => [
    `tickcast_viewer_clock_bound_seconds_bucket{le="${le}",topic="ticks"} ${count}`,
    `tickcast_viewer_clock_bound_seconds_bucket{le="${le}",topic="other"} 7`,
  ])
  .join("\n");
const HISTOGRAM = readHistogram(METRICS, "tickcast_viewer_clock_bound_seconds", "ticks");

test("a histogram is read from the metrics, with the buckets of values and of quantiles", () => {
  expect(HISTOGRAM.cumulative).toEqual([10, 60, 99, 100, 100]);
  expect(HISTOGRAM.count).toBe(100);
  expect([0.0005, 0.001, 0.0011, 0.0018, 5].map((value) => bucketOf(HISTOGRAM, value))).toEqual([
    0, 0, 1, 3, 4,
  ]);
  expect([0.1, 0.5, 0.99, 1].map((share) => quantileBucket(HISTOGRAM, share))).toEqual([0, 1, 2, 3]);
  expect(() => readHistogram(METRICS, "tickcast_viewer_late_ratio", "ticks")).toThrow("no histogram");
});

function report(bound_us: number): Report {
  return { type: "report", seconds: 15, bound_us, received: 15, late: 0, missed: 0, frames: 150, dropped: 0 };
}

function bounds(...boundsUs: readonly number[]) {
  const [figure] = FIGURES as [(typeof FIGURES)[number]];
  return agreement(
    figure,
    boundsUs.flatMap((bound) => Array.from({ length: 50 }, () => report(bound))),
    HISTOGRAM,
  );
}

test("quantiles agree within a bucket, and not beyond", () => {
  expect(bounds(1_100, 1_400).every(isWithinABucket)).toBe(true);
  expect(bounds(1_300, 1_700).every(isWithinABucket)).toBe(true);
  expect(bounds(1_100, 9_000).map(isWithinABucket)).toEqual([true, false, false]);
  const [none] = bounds();
  expect(none && isWithinABucket(none)).toBe(false);
});

function result(changes: Partial<AudienceResult> = {}): AudienceResult {
  const options = readOptions(["--viewers", "2"]);
  if (options === "help") throw new Error("unexpected request for help");
  const sent = [1, -1].map((off) => ({ report: report(2_000), trueTime: 100, hubTime: 1_100 + off }));
  const judged = coverage(sent, { origin: -1_000, boundMs: 0.1 });
  const { error } = judged;
  const counts = { sent: 2, counted: 2, viewers: 2, reporting: 2 };
  const load = { cpuShare: 0.3, loopDelay: { p50: 1, p99: 2, max: 9 } };
  const about = { options, date: "", machine: "", node: "", up: error, down: error };
  return {
    ...about,
    ...counts,
    load,
    coverage: judged,
    uncovered: [],
    referenceShiftMs: 0,
    quantiles: bounds(1_100, 1_400),
    ...changes,
  };
}

test("a claim that is not met is named", () => {
  expect(unmetClaims(result())).toEqual([]);
  expect(tableOf(result()).join("\n")).toContain("100.000 % (2 of 2)");
  // The reference counts against the viewer.
  const sent = [{ report: report(2_000), trueTime: 100, hubTime: 1_101.95 }];
  const clock = { origin: -1_000, boundMs: 0.1 };
  const [setup] = drawViewers(1, seeded(4)) as [ViewerSetup];
  expect(uncovered([{ setup, reports: sent }], clock)).toMatchObject([{ index: 0, boundMs: 2 }]);
  expect(uncovered([{ setup, reports: sent }], { ...clock, boundMs: 0.01 })).toEqual([]);
  const unmet = [
    [{ coverage: coverage(sent, clock) }, "0.00 %"],
    [{ coverage: coverage([], { origin: 0, boundMs: 0 }) }, "0.00 %"],
    [{ quantiles: bounds(1_100, 9_000) }, "exported"],
    [{ counted: 1 }, "2 reports sent, 1 counted"],
    [{ viewers: 1, reporting: 1 }, "1 of 2 viewers"],
    [{ reporting: 1 }, "1 in the topic's audience"],
    [{ referenceShiftMs: 2 }, "known to 2 ms"],
    [{ load: { cpuShare: 0.9, loopDelay: { p50: 1, p99: 2, max: 9 } } }, "0.90 of a core"],
    [{ load: { cpuShare: 0.1, loopDelay: { p50: 1, p99: 90, max: 99 } } }, "90 ms late"],
  ] as const;
  for (const [changes, words] of unmet) expect(unmetClaims(result(changes)).join()).toContain(words);
});

test("options are checked", () => {
  expect(readOptions([])).toMatchObject({ viewers: 1_000, seconds: 120, join: 30, seed: 1 });
  expect(readOptions(["--help"])).toBe("help");
  for (const wrong of [["--viewers", "0"], ["--seconds", "10"], ["--join", "x"], ["--no-such"]])
    expect(() => readOptions(wrong)).toThrow();
});
