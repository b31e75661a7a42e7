/** What is asked of a run, and how it is told. */

import { expect, test } from "vitest";
import { type Options, readOptions } from "../../../tests/synchrony/options";
import { judge } from "../../../tests/synchrony/report/judge";
import { broken, parseLimits } from "../../../tests/synchrony/report/limits";
import { linesOf } from "../../../tests/synchrony/report/lines";
import { draw } from "../../../tests/synchrony/report/picture";
import { chooseBearing } from "../../../tests/synchrony/truth";
import { type Imagined, imagine, SPAN } from "./seen";

const LAW = { floorMs: 1, queueMs: 0, spikeShare: 0, spikeMs: 0 };

function understood(...args: string[]): Options {
  const options = readOptions(args);
  if (options === "help") throw new Error("nobody asked for help");
  return options;
}

function report(...pages: Imagined[]) {
  const { runs } = understood("--profile", "lan");
  const none = { delays: [1], excesses: [0] };
  return judge({
    plan: (runs as [(typeof runs)[number]])[0],
    seed: 1,
    span: SPAN,
    hub: { origin: 0, boundMs: 0.1 },
    testimonies: pages.map((page) => ({
      seen: imagine(page),
      bearing: { origin: 1_000, boundMs: 0.1 },
    })),
    applied: pages.map(() => ({ asked: { up: LAW, down: LAW }, up: none, down: none })),
    load: 0,
    chromium: "1",
  });
}

test("without a profile the whole programme runs, each run with what it has to keep", () => {
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

test("one run is what its options say", () => {
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
])("%j is refused with the reason", (args, reason) => {
  expect(() => readOptions(args)).toThrow(reason);
});

test("a limit is kept or named, with what was found", () => {
  const good = report({}, { aheadMs: 1, phaseMs: 5 });
  const limits = parseLimits("timeline=2,onset=25,late=0,bound=0.999");
  expect(broken(good, limits)).toEqual([]);
  const bad = report({}, { aheadMs: 40, pathMs: 205 });
  expect(broken(bad, limits)).toEqual([
    "timeline skew, p99, 40 ms, at most 2 ms",
    "late publications 800, at most 0",
    expect.stringMatching(/^onset skew, p99, \S+ ms, at most 25 ms$/),
    "clocks within their bound 0.5, at least 0.999",
  ]);
  expect(broken(bad, {})).toEqual([]);
});

test("onset skew is void, and keeps no limit, when a page draws too seldom", () => {
  const of = report({}, {});
  const slow = { ...of, onsetSkew: { ...of.onsetSkew, isVoid: true } };
  expect(broken(slow, { onsetMs: 25 })).toEqual(["onset skew void: a page drew too seldom"]);
  expect(linesOf(slow).join("\n")).toContain("onset skew, void");
});

test("where a page's time begins is believed when round trips allow it", () => {
  const measured = { origin: 100, boundMs: 0.4 };
  expect(chooseBearing({ origin: 100.4, boundMs: 0.1 }, measured)).toEqual({ origin: 100.4, boundMs: 0.1 });
  expect(chooseBearing({ origin: 101, boundMs: 0.1 }, measured)).toBe(measured);
  expect(chooseBearing({ origin: Number.NaN, boundMs: 0.1 }, measured)).toBe(measured);
});

test("the picture is whole, stays in its frame, and says in words what it shows", () => {
  const picture = draw([report({}, { aheadMs: 1 }), report({}, {}), report({}, { pathMs: 90_000 })]);
  expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  expect(picture.match(/<polyline/g)).toHaveLength(9);
  expect(picture).toContain("lan, delay auto: p99 1.0 ms as drawn");
  const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(picture) ?? [];
  expect([Number(width), Number(height)]).toEqual([896, 74 + 2 * 216]);
});
