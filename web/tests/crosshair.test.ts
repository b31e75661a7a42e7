/** The crosshair: the closest sample to the pointer, or one chosen with the keyboard. */

import { expect, test } from "vitest";
import { Crosshair } from "../src/chart/crosshair";
import { PlotArea } from "../src/chart/surface";
import type { Scene, Trace } from "../src/scene";
import type { Samples } from "../src/topic_buffer/sample_ring";
import { samples } from "./samples";

function trace(parts: readonly Samples[], playhead = 1_000): Trace {
  const field = { name: "value", label: undefined, unit: undefined };
  return {
    series: { key: "a/value", topic: "a", field, colour: 0 },
    parts: parts.map((samples) => ({ samples, column: 0 })),
    playhead,
  };
}

/** A plot area of 100 pixels. */
function plotOf(scene: Scene): PlotArea {
  return Object.assign(new PlotArea(), { width: 100, height: 100, from: scene.from, to: scene.to });
}

function scene(traces: readonly Trace[], from = 0, to = 100): Scene {
  return { from, to, traces, seams: [], isFollowing: true };
}

function at(crosshair: Crosshair, view: Scene): readonly [number, readonly number[]] | undefined {
  crosshair.update(view, plotOf(view));
  return crosshair.pointed && [crosshair.pointed.at, crosshair.pointed.values];
}

test("the pointer snaps to the closest sample and keeps its place while the picture moves", () => {
  const crosshair = new Crosshair();
  const line = trace([samples([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])]);
  crosshair.point(34);
  expect(at(crosshair, scene([line]))).toEqual([30, [3]]);
  expect(at(crosshair, scene([line], 20, 120))).toEqual([50, [5]]);
  crosshair.point(36);
  expect(at(crosshair, scene([line]))).toEqual([40, [4]]);
  crosshair.point(undefined);
  expect(at(crosshair, scene([line]))).toBeUndefined();
});

test("the time is that of the closest sample of all lines; the others are read at that instant", () => {
  const crosshair = new Crosshair();
  const lines = [trace([samples([0, 1, 2], 40)]), trace([samples([5, 6, 7, 8], 25)]), trace([samples([])])];
  crosshair.point(52);
  expect(at(crosshair, scene(lines))).toEqual([50, [1, 7, Number.NaN]]);
  expect(crosshair.pointed?.times).toEqual([40, 50, Number.NaN]);
  expect(crosshair.pointed?.periodMs).toBe(25);
  // Closer, but after that instant.
  const later = [trace([samples([0, 1, 2], 40)]), trace([samples([5, 6, 7, 8], 25)])];
  crosshair.point(76);
  expect(at(crosshair, scene(later))).toEqual([75, [1, 8]]);
});

test("a line whose records come in between is read at its newest sample", () => {
  const crosshair = new Crosshair();
  const lines = [trace([samples([20, Number.NaN, 21, Number.NaN])]), trace([samples([Number.NaN, 50])])];
  crosshair.point(12);
  expect(at(crosshair, scene(lines))).toEqual([10, [20, 50]]);
});

test("samples without a value, out of view or not yet due are skipped", () => {
  const crosshair = new Crosshair();
  const line = trace([samples([0, 1, Number.NaN, Number.NaN, 4, 5, 6])], 55);
  crosshair.point(31);
  expect(at(crosshair, scene([line]))).toEqual([40, [4]]);
  crosshair.point(99);
  expect(at(crosshair, scene([line]))).toEqual([50, [5]]);
  crosshair.point(0);
  expect(at(crosshair, scene([line], 45, 145))).toEqual([50, [5]]);
  expect(at(crosshair, scene([line], 51, 54))).toBeUndefined();
});

test("samples of older parts are found up to where the next part begins", () => {
  const crosshair = new Crosshair();
  const older = samples([0, 1, 2, 99], 20);
  const newer = { ...samples([6, 7]), times: Float64Array.of(50, 60) };
  crosshair.point(21);
  expect(at(crosshair, scene([trace([older, newer])]))).toEqual([20, [1]]);
  crosshair.point(57);
  expect(at(crosshair, scene([trace([older, newer])]))).toEqual([60, [7]]);
});

test("keys move it along the samples of all lines, starting at the end of the line", () => {
  const crosshair = new Crosshair();
  const view = scene([trace([samples([0, 1, 2], 40)]), trace([samples([5, 6, 7, 8], 25)])]);
  const moved = (by: number) => {
    crosshair.move(by, view);
    return at(crosshair, view)?.[0];
  };
  expect([-1, -1, -1, 1, 10, -10].map(moved)).toEqual([75, 50, 40, 50, 80, 0]);
  crosshair.move(undefined, view);
  expect(at(crosshair, view)).toBeUndefined();
});

test("a sample chosen by key moves with the picture and out of view", () => {
  const crosshair = new Crosshair();
  const line = trace([samples([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])]);
  const view = scene([line]);
  crosshair.move(-3, view);
  expect(at(crosshair, view)?.[0]).toBe(70);
  crosshair.point(undefined);
  expect(at(crosshair, scene([line], 60, 160))?.[0]).toBe(70);
  expect(at(crosshair, scene([line], 75, 175))).toBeUndefined();
});

test("without lines there is no crosshair", () => {
  const crosshair = new Crosshair();
  crosshair.move(-1, scene([]));
  expect(at(crosshair, scene([]))).toBeUndefined();
  crosshair.point(50);
  expect(at(crosshair, scene([]))).toBeUndefined();
});
