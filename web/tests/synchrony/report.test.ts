/** Options, limits and reports of a run. */

import { expect, test } from "vitest";
import { type Options, readOptions } from "../../../tests/synchrony/options";
import { chooseOffset } from "../../../tests/synchrony/reference_clock";
import { buildReport } from "../../../tests/synchrony/report/build_report";
import { brokenLimits, parseLimits } from "../../../tests/synchrony/report/limits";
import { linesOf } from "../../../tests/synchrony/report/lines";
import { draw } from "../../../tests/synchrony/report/skew_plot";
import { type SimulatedPage, SPAN, simulatePage } from "./simulated_page";

const DELAYS = { floorMs: 1, queueMs: 0, spikeShare: 0, spikeMs: 0 };

function understood(...args: string[]): Options {
  const options = readOptions(args);
  if (options === "help") throw new Error("unexpected request for help");
  return options;
}

function report(...pages: SimulatedPage[]) {
  const { runs } = understood("--profile", "lan");
  const none = { delays: [1], excesses: [0] };
  return buildReport({
    plan: (runs as [(typeof runs)[number]])[0],
    seed: 1,
    span: SPAN,
    hub: { origin: 0, boundMs: 0.1 },
    results: pages.map((page) => ({
      seen: simulatePage(page),
      bearing: { origin: 1_000, boundMs: 0.1 },
    })),
    applied: pages.map(() => ({ asked: { up: DELAYS, down: DELAYS }, up: none, down: none })),
    load: 0,
    chromium: "1",
  });
}

test("without a profile the whole programme runs, each run with its limits", () => {
  const { runs, pages, out } = understood();
  expect(
    runs.map(({ profile, delay, restart }) => `${profile} ${delay}${restart ? " restart" : ""}`),
  ).toEqual([
    "lan auto",
    "broadband 400ms",
    "mobile 600ms",
    "lan auto restart",
    "broadband auto",
    "mobile auto",
  ]);
  expect([pages, out]).toEqual([6, "target/synchrony"]);
  expect(runs[2]).toMatchObject({ seconds: 150, from: 60, limits: { timelineMs: 5, late: 0 } });
});

test("a single run is defined by its options", () => {
  const { runs } = understood("--profile", "mobile", "--delay", "1s", "--require", "timeline=3,late=0");
  expect(runs).toEqual([
    {
      profile: "mobile",
      delay: "1s",
      seconds: 115,
      from: 60,
      restart: false,
      limits: { timelineMs: 3, late: 0 },
    },
  ]);
});

test.each([
  [["--profile", "moon"], "unknown profile `moon`"],
  [["--profile", "lan", "--pages", "1"], "`--pages 1` is not a whole number from 2 up"],
  [["--profile", "mobile", "--seconds", "60"], "`--seconds 60` leaves nothing to judge"],
  [["--profile", "lan", "--seconds", "10", "--restart"], "`--seconds 10` leaves nothing to judge"],
  [["--profile", "lan", "--require", "skew=1"], "cannot require `skew=1`"],
])("%j is rejected with a reason", (args, reason) => {
  expect(() => readOptions(args)).toThrow(reason);
});

test("a broken limit is reported with the measured value", () => {
  const good = report({}, { aheadMs: 1, phaseMs: 5 });
  const limits = parseLimits("timeline=2,onset=25,late=0,bound=0.999");
  expect(brokenLimits(good, limits)).toEqual([]);
  const bad = report({}, { aheadMs: 40, pathMs: 205 });
  expect(brokenLimits(bad, limits)).toEqual([
    "timeline skew, p99, 40 ms, at most 2 ms",
    "late publications 800, at most 0",
    expect.stringMatching(/^onset skew, p99, \S+ ms, at most 25 ms$/),
    "clocks within their bound 0.5, at least 0.999",
  ]);
  expect(brokenLimits(bad, {})).toEqual([]);
});

test("onset skew is void, and breaks its limit, if a page draws too few frames", () => {
  const of = report({}, {});
  const slow = { ...of, onsetSkew: { ...of.onsetSkew, isVoid: true } };
  expect(brokenLimits(slow, { onsetMs: 25 })).toEqual(["onset skew void: a page drew too few frames"]);
  expect(linesOf(slow).join("\n")).toContain("onset skew, void");
});

test("a page's reported time origin is used if round trips are consistent with it", () => {
  const measured = { origin: 100, boundMs: 0.4 };
  expect(chooseOffset({ origin: 100.4, boundMs: 0.1 }, measured)).toEqual({ origin: 100.4, boundMs: 0.1 });
  expect(chooseOffset({ origin: 101, boundMs: 0.1 }, measured)).toBe(measured);
  expect(chooseOffset({ origin: Number.NaN, boundMs: 0.1 }, measured)).toBe(measured);
});

test("the plot is complete, has the right size and a text description", () => {
  const picture = draw([report({}, { aheadMs: 1 }), report({}, {}), report({}, { pathMs: 90_000 })]);
  expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  expect(picture.match(/<polyline/g)).toHaveLength(9);
  expect(picture).toContain("lan, delay auto: p99 1.0 ms as drawn");
  const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(picture) ?? [];
  expect([Number(width), Number(height)]).toEqual([896, 74 + 2 * 216]);
});
