/** Gestures on the chart and the actions they produce. */

import { beforeEach, expect, test } from "vitest";
import { type ChartAction, ChartGestures } from "../src/chart/chart_gestures";
import { PlotArea } from "../src/chart/surface";

/** 1000 px for 10 s, so that a pixel is 10 ms; the plot area starts at 40 px. */
const plot = Object.assign(new PlotArea(), { left: 40, width: 1_000, height: 100, from: 0, to: 10_000 });

let surface: EventTarget & { setPointerCapture(id: number): void };
let gestures: ChartGestures;
let actions: ChartAction[];
let pointed: (number | undefined)[];
let selected: (readonly [number | undefined, number | undefined])[];
/** Ids of captured pointers. */
let captured: number[];

beforeEach(() => {
  actions = [];
  pointed = [];
  selected = [];
  captured = [];
  surface = Object.assign(new EventTarget(), { setPointerCapture: (id: number) => captured.push(id) });
  gestures = new ChartGestures({
    surface: surface as unknown as HTMLElement,
    plot,
    onAction: (action) => actions.push(action),
    onPoint: (x) => pointed.push(x),
    onSelect: (from, to) => selected.push([from, to]),
  });
});

interface Hand {
  readonly id?: number;
  readonly touch?: boolean;
  readonly shift?: boolean;
  readonly at?: number;
}

function pointer(type: string, x: number, { id = 1, touch = false, shift = false, at = 0 }: Hand = {}): void {
  const event = Object.assign(new Event(`pointer${type}`), {
    button: 0,
    pointerId: id,
    pointerType: touch ? "touch" : "mouse",
    offsetX: x,
    offsetY: 0,
    shiftKey: shift,
  });
  Object.defineProperty(event, "timeStamp", { value: at });
  surface.dispatchEvent(event);
}

function wheel(deltas: Partial<WheelEvent>): Event {
  const event = Object.assign(new Event("wheel", { cancelable: true }), {
    deltaX: 0,
    deltaY: 0,
    deltaMode: 0,
    offsetX: 540,
    ...deltas,
  });
  surface.dispatchEvent(event);
  return event;
}

test("a drag pans by the distance from where the pointer was pressed", () => {
  pointer("down", 500);
  pointer("move", 502);
  expect(actions).toEqual([]);
  pointer("move", 510);
  pointer("move", 480);
  pointer("up", 480);
  expect(actions).toEqual([{ kind: "pan", byMs: -100 }, { kind: "pan", byMs: 300 }, { kind: "panned" }]);
});

test("Shift-drag selects a range in either direction, clamped to the plot area", () => {
  pointer("down", 240, { shift: true });
  pointer("move", 140, { shift: true });
  expect(selected).toEqual([[240, 140]]);
  pointer("up", -300, { shift: true });
  expect(actions).toEqual([{ kind: "show", from: 0, to: 2_000 }]);
  expect(selected.at(-1)).toEqual([undefined, undefined]);
});

test("the wheel zooms around the pointer, by two for three notches, without scrolling the page", () => {
  expect(wheel({ deltaY: 300 }).defaultPrevented).toBe(true);
  expect(actions).toEqual([{ kind: "zoom", factor: 2, anchor: 5_000 }]);
  wheel({ deltaY: -300, offsetX: 40 });
  expect(actions[1]).toEqual({ kind: "zoom", factor: 0.5, anchor: 0 });
});

test("a wheel in line mode zooms by as much, a trackpad pinch by more", () => {
  wheel({ deltaY: 3, deltaMode: 1 });
  wheel({ deltaY: 48, ctrlKey: true });
  const [lines, pinch] = actions.map((action) => (action.kind === "zoom" ? action.factor : 0));
  expect(lines).toBeCloseTo(2 ** (48 / 300));
  expect(pinch).toBeCloseTo(2 ** (48 / 60));
});

test("a horizontal wheel and Shift with the wheel pan", () => {
  wheel({ deltaX: 30, deltaY: 5 });
  wheel({ deltaY: 20, shiftKey: true });
  expect(actions).toEqual([
    { kind: "pan", byMs: 300 },
    { kind: "panned" },
    { kind: "pan", byMs: 200 },
    { kind: "panned" },
  ]);
});

test("two fingers zoom and pan at once, and the one that stays starts a new drag", () => {
  const [one, two] = [
    { id: 1, touch: true },
    { id: 2, touch: true },
  ];
  pointer("down", 440, one);
  pointer("down", 640, two);
  pointer("move", 840, two);
  expect(actions).toEqual([
    { kind: "pan", byMs: -1_000 },
    { kind: "zoom", factor: 0.5, anchor: 5_000 },
  ]);
  pointer("up", 840, two);
  pointer("move", 442, one);
  pointer("move", 450, one);
  pointer("up", 450, one);
  expect(actions.slice(2)).toEqual([{ kind: "panned" }, { kind: "pan", byMs: -100 }, { kind: "panned" }]);
});

test("a mouse moves the crosshair while over the plot area and hides it outside", () => {
  pointer("move", 300);
  pointer("move", 20);
  pointer("leave", -1);
  expect(pointed).toEqual([300, undefined, undefined]);
});

test("a tap places the crosshair, and it stays", () => {
  const finger = { touch: true };
  pointer("down", 300, finger);
  pointer("up", 300, finger);
  pointer("leave", 300, finger);
  expect(pointed).toEqual([300]);
});

test("a double tap resets the view, a late second tap or one elsewhere does not", () => {
  const tap = (x: number, at: number) => {
    pointer("down", x, { at });
    pointer("up", x, { at });
  };
  tap(300, 0);
  tap(500, 200);
  tap(500, 900);
  expect(actions).toEqual([]);
  tap(505, 1_100);
  expect(actions).toEqual([{ kind: "reset" }]);
  tap(505, 1_200);
  expect(actions).toHaveLength(1);
});

test("a scroll taken over by the page ends the drag and is not a tap", () => {
  const finger = { touch: true };
  pointer("down", 300, finger);
  pointer("cancel", 0, finger);
  pointer("down", 300, finger);
  pointer("move", 320, finger);
  pointer("cancel", 0, finger);
  expect(actions).toEqual([{ kind: "pan", byMs: -200 }, { kind: "panned" }]);
  expect(pointed).toEqual([]);
});

test("after destroy no events are handled", () => {
  gestures.destroy();
  pointer("move", 300);
  expect(wheel({ deltaY: 300 }).defaultPrevented).toBe(false);
  expect([actions, pointed]).toEqual([[], []]);
});

test("a pressed pointer is captured until it is released, wherever that is", () => {
  pointer("down", 540, { id: 7 });
  expect(captured).toEqual([7]);
  pointer("leave", -5, { id: 7 });
  pointer("up", -50, { id: 7 });
  pointer("move", 600, { id: 7 });
  expect(actions).toEqual([]);
});
