/** Panels: which lines share one, how they divide the plot area, and their fixed ends. */

import { expect, test } from "vitest";
import { Panels } from "../src/chart/panels";
import { PlotArea } from "../src/chart/surface";
import type { AxisLimits } from "../src/topic_buffer/axis_limits";

type Line = readonly [
  name: string,
  unit: string | undefined,
  low: number,
  high: number,
  limits?: Partial<AxisLimits>,
];

const NONE: AxisLimits = { min: undefined, max: undefined, warnBelow: undefined, warnAbove: undefined };

function draw(panels: Panels, lines: readonly Line[]): Panels {
  panels.begin();
  for (const [name, unit, low, high, limits] of lines) {
    const field = { name, label: undefined, unit };
    const more = limits && { limits: { ...NONE, ...limits } };
    panels.include({ key: `t/${name}`, topic: "t", field, label: name, colour: 0, ...more }, low, high);
  }
  panels.fit(0);
  return panels;
}

function drawn(...lines: readonly Line[]): Panels {
  return draw(new Panels(String), lines);
}

function titles(panels: Panels): string[] {
  return panels.used.map(({ title }) => title);
}

test("lines of one unit share a panel, and each unit has its own; a line that is alone is named", () => {
  const panels = drawn(
    ["a", "°C", 10, 20],
    ["b", "%", 0, 100],
    ["c", "°C", -40, 5],
    ["d", "hPa", 990, 1_020],
  );
  expect(titles(panels)).toEqual(["°C", "b (%)", "d (hPa)"]);
  expect(panels.of(0)).toBe(panels.of(2));
  expect(panels.of(0).scale.range.low).toBeLessThan(-40);
  expect(panels.of(0).scale.range.high).toBeGreaterThan(20);
  expect(panels.of(3).scale.range.low).toBeGreaterThan(900);
});

test("lines without a unit share a panel if their values are of the same magnitude", () => {
  expect(titles(drawn(["a", undefined, 0, 1], ["b", undefined, -5, 3]))).toEqual(["a, b"]);
  expect(
    titles(drawn(["a", undefined, 0, 1], ["b", undefined, 0, 50_000], ["c", undefined, 0, 0.5])),
  ).toEqual(["a, c", "b"]);
});

test("a line keeps its panel while its values come and go", () => {
  const panels = new Panels(String);
  const line = (low: number, high: number): readonly Line[] => [
    ["a", undefined, 0, 100],
    ["b", undefined, low, high],
  ];
  expect(titles(draw(panels, line(0, 50)))).toEqual(["a, b"]);
  expect(titles(draw(panels, line(0, 0.01)))).toEqual(["a, b"]);
  expect(titles(draw(panels, line(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)))).toEqual(["a, b"]);
});

test("stacked panels divide the height and do not overlap", () => {
  const panels = drawn(["a", "°C", 10, 20], ["b", "%", 0, 100], ["c", "hPa", 990, 1_020], ["d", "V", 0, 1]);
  const plot = new PlotArea();
  panels.layout(plot, 400, 12);
  expect(panels.areStacked).toBe(true);
  let bottom = 0;
  for (const panel of panels.used) {
    expect(panel.axis).toBe("left");
    expect(panel.top).toBeGreaterThan(bottom + 12);
    expect(panel.height).toBeGreaterThan(60);
    expect(panel.scale.ticks.length).toBeGreaterThan(2);
    bottom = panel.bottom;
  }
  expect([plot.top, plot.bottom]).toEqual([panels.of(0).top, bottom]);
  expect(bottom).toBe(400);
});

test("overlaid panels share the height: the first two have an axis", () => {
  const panels = drawn(["a", "°C", 10, 20], ["b", "%", 0, 100], ["c", "hPa", 990, 1_020]);
  panels.arrangement = "overlaid";
  const plot = new PlotArea();
  panels.layout(plot, 400, 12);
  expect(panels.used.map(({ axis }) => axis)).toEqual(["left", "right", "none"]);
  for (const { top, height } of panels.used) expect([top, top + height]).toEqual([plot.top, 400]);
});

test("fixed ends are shown exactly, whatever the values", () => {
  const both = drawn(["a", "V", -7, 900, { min: 0, max: 130 }]).of(0).scale;
  expect([both.range.low, both.range.high, both.isFixed]).toEqual([0, 130, true]);
  const low = drawn(["a", "V", 3, 90, { min: 1 }]).of(0).scale;
  expect(low.range.low).toBe(1);
  expect(low.range.high).toBeGreaterThanOrEqual(90);
  const beyond = drawn(["a", "V", -90, -80, { min: 0 }]).of(0).scale;
  expect(beyond.range.low).toBe(0);
  expect(beyond.range.high).toBeGreaterThan(0);
  const empty = drawn(["a", "V", Infinity, -Infinity, { min: 2, max: 4 }]).of(0).scale;
  expect([empty.range.low, empty.range.high]).toEqual([2, 4]);
});

test("of lines that share a panel, the widest range and all thresholds count", () => {
  const panel = drawn(
    ["a", "V", 0, 1, { min: 0, max: 10, warnAbove: 8 }],
    ["b", "V", 0, 1, { min: -5, max: 5, warnBelow: -1, warnAbove: 8 }],
  ).of(0);
  expect([panel.scale.range.low, panel.scale.range.high]).toEqual([-5, 10]);
  expect(panel.thresholds).toEqual([8, -1]);
});
