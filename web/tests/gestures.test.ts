/** What hands do on the plot, and the wishes that come of it. */

import { beforeEach, expect, test } from "vitest";
import { type ChartWish, Gestures } from "../src/chart/gestures";
import { Plot } from "../src/chart/plot";

/** A thousand pixels for ten seconds, so that a pixel is ten milliseconds; forty pixels are left of it. */
const plot = Object.assign(new Plot(), { left: 40, width: 1_000, height: 100, from: 0, to: 10_000 });

let surface: EventTarget & { setPointerCapture(id: number): void };
let gestures: Gestures;
let wishes: ChartWish[];
let pointed: (number | undefined)[];
let selected: (readonly [number | undefined, number | undefined])[];
/** Pointers whose events come here from wherever they are. */
let captured: number[];

beforeEach(() => {
  wishes = [];
  pointed = [];
  selected = [];
  captured = [];
  surface = Object.assign(new EventTarget(), { setPointerCapture: (id: number) => captured.push(id) });
  gestures = new Gestures({
    surface: surface as unknown as HTMLElement,
    plot,
    onWish: (wish) => wishes.push(wish),
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

test("a drag pans by what the hand moves, from where it was set down", () => {
  pointer("down", 500);
  pointer("move", 502);
  expect(wishes).toEqual([]);
  pointer("move", 510);
  pointer("move", 480);
  pointer("up", 480);
  expect(wishes).toEqual([{ kind: "pan", byMs: -100 }, { kind: "pan", byMs: 300 }, { kind: "panned" }]);
});

test("Shift and drag picks a range, whichever way, and shows it within the plot", () => {
  pointer("down", 240, { shift: true });
  pointer("move", 140, { shift: true });
  expect(selected).toEqual([[240, 140]]);
  pointer("up", -300, { shift: true });
  expect(wishes).toEqual([{ kind: "show", from: 0, to: 2_000 }]);
  expect(selected.at(-1)).toEqual([undefined, undefined]);
});

test("the wheel zooms around the pointer, three notches by two, and the page stays", () => {
  expect(wheel({ deltaY: 300 }).defaultPrevented).toBe(true);
  expect(wishes).toEqual([{ kind: "zoom", factor: 2, anchor: 5_000 }]);
  wheel({ deltaY: -300, offsetX: 40 });
  expect(wishes[1]).toEqual({ kind: "zoom", factor: 0.5, anchor: 0 });
});

test("a wheel that counts lines zooms as much, a pinch on a trackpad more", () => {
  wheel({ deltaY: 3, deltaMode: 1 });
  wheel({ deltaY: 48, ctrlKey: true });
  const [lines, pinch] = wishes.map((wish) => (wish.kind === "zoom" ? wish.factor : 0));
  expect(lines).toBeCloseTo(2 ** (48 / 300));
  expect(pinch).toBeCloseTo(2 ** (48 / 60));
});

test("a wheel to the side pans, and so does one with Shift", () => {
  wheel({ deltaX: 30, deltaY: 5 });
  wheel({ deltaY: 20, shiftKey: true });
  expect(wishes).toEqual([
    { kind: "pan", byMs: 300 },
    { kind: "panned" },
    { kind: "pan", byMs: 200 },
    { kind: "panned" },
  ]);
});

test("two fingers zoom and pan at once, and the one that stays goes on with a drag of its own", () => {
  const [one, two] = [
    { id: 1, touch: true },
    { id: 2, touch: true },
  ];
  pointer("down", 440, one);
  pointer("down", 640, two);
  pointer("move", 840, two);
  expect(wishes).toEqual([
    { kind: "pan", byMs: -1_000 },
    { kind: "zoom", factor: 0.5, anchor: 5_000 },
  ]);
  pointer("up", 840, two);
  pointer("move", 442, one);
  pointer("move", 450, one);
  pointer("up", 450, one);
  expect(wishes.slice(2)).toEqual([{ kind: "panned" }, { kind: "pan", byMs: -100 }, { kind: "panned" }]);
});

test("a mouse points wherever it is over the plot, and at nothing beside it", () => {
  pointer("move", 300);
  pointer("move", 20);
  pointer("leave", -1);
  expect(pointed).toEqual([300, undefined, undefined]);
});

test("a finger points where it taps, and that stays", () => {
  const finger = { touch: true };
  pointer("down", 300, finger);
  pointer("up", 300, finger);
  pointer("leave", 300, finger);
  expect(pointed).toEqual([300]);
});

test("a second tap at the same place and soon after goes back, one that is late or elsewhere does not", () => {
  const tap = (x: number, at: number) => {
    pointer("down", x, { at });
    pointer("up", x, { at });
  };
  tap(300, 0);
  tap(500, 200);
  tap(500, 900);
  expect(wishes).toEqual([]);
  tap(505, 1_100);
  expect(wishes).toEqual([{ kind: "reset" }]);
  tap(505, 1_200);
  expect(wishes).toHaveLength(1);
});

test("a scroll that the page takes over ends the drag, and is no tap", () => {
  const finger = { touch: true };
  pointer("down", 300, finger);
  pointer("cancel", 0, finger);
  pointer("down", 300, finger);
  pointer("move", 320, finger);
  pointer("cancel", 0, finger);
  expect(wishes).toEqual([{ kind: "pan", byMs: -200 }, { kind: "panned" }]);
  expect(pointed).toEqual([]);
});

test("nothing is heard any more after the end", () => {
  gestures.destroy();
  pointer("move", 300);
  expect(wheel({ deltaY: 300 }).defaultPrevented).toBe(false);
  expect([wishes, pointed]).toEqual([[], []]);
});

test("a button that is pressed is heard of until it is let go, wherever that is", () => {
  pointer("down", 540, { id: 7 });
  expect(captured).toEqual([7]);
  pointer("leave", -5, { id: 7 });
  pointer("up", -50, { id: 7 });
  pointer("move", 600, { id: 7 });
  expect(wishes).toEqual([]);
});
