/** What the line renderer reports about its lines. */

import { expect, test } from "vitest";
import { LineRenderer } from "../src/chart/line_renderer";
import { Panels } from "../src/chart/panels";
import { PlotArea } from "../src/chart/surface";
import type { Scene, Trace } from "../src/scene";
import { samples } from "./samples";

function trace(topic: string, values: readonly number[]): Trace {
  const field = { name: "value", label: undefined, unit: undefined };
  const series = { key: `${topic}/value`, topic, field, colour: 0 };
  return { series, parts: [{ samples: samples(values), column: 0 }], playhead: 1_000 };
}

test("each line reports its visible extremes, or none", () => {
  const plot = Object.assign(new PlotArea(), { width: 100, height: 100, from: 0, to: 40 });
  const lines = new LineRenderer(plot);
  const traces = [trace("a", [3, 1, 2, 5, 4, 99, 99]), trace("b", [Number.NaN]), trace("c", [-7])];
  const scene: Scene = { from: 0, to: 30, traces, seams: [], isFollowing: true };
  lines.update(scene, new Panels(String));
  const extremes = [0, 1, 2].map((i) => lines.extremes(scene, i));
  expect(extremes.map((found) => found && [found.low.value, found.high.value])).toEqual([
    [1, 5],
    undefined,
    [-7, -7],
  ]);
});
