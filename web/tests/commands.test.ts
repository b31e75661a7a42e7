/** Keys: what each asks for, whatever keyboard it is on, and which are left to the browser. */

import { expect, test } from "vitest";
import {
  type CommandName,
  commandOf,
  commands,
  hintOf,
  isCharacter,
  type Stroke,
  shortcutsOf,
} from "../src/commands";
import type { Facts } from "../src/page";
import { entry, facts, noting } from "./facts";

function stroke(key: string, more: Partial<Stroke> = {}): Stroke {
  return { key, code: "", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more };
}

/** What a stroke comes to. */
function press(pressed: Stroke, shown: Partial<Facts> = {}): readonly string[] {
  const { wishes, raised } = noting();
  commandOf(pressed)?.run(
    {
      wishes,
      facts: facts(shown),
      copyLink: () => raised.push("copyLink"),
      openHelp: () => raised.push("openHelp"),
      announce: (text) => raised.push(`says ${text}`),
    },
    pressed,
  );
  return raised;
}

test.each([
  [" ", "togglePause"],
  ["l", "goLive"],
  ["L", "goLive"],
  ["End", "goLive"],
  ["ArrowLeft", "moveCursor -1"],
  ["ArrowRight", "moveCursor 1"],
  ["-", "zoom 1.5"],
  ["0", "reset"],
  ["c", "copyLink"],
  ["s", "savePng"],
  ["f", "toggleFullscreen"],
  ["k", "toggleKiosk"],
  ["?", "openHelp"],
])("the key %j asks for %s", (key, wish) => {
  expect(press(stroke(key))).toEqual([wish]);
});

test("plus and equals, which share a key, zoom in by as much as minus zooms out", () => {
  expect(press(stroke("+"))).toEqual(press(stroke("=")));
  expect(press(stroke("+"))).toEqual([`zoom ${1 / 1.5}`]);
});

test("with Shift the cursor goes ten samples", () => {
  expect(press(stroke("ArrowLeft", { shiftKey: true }))).toEqual(["moveCursor -10"]);
  expect(press(stroke("ArrowRight", { shiftKey: true }))).toEqual(["moveCursor 10"]);
});

const legend = [entry("ecg", "a"), entry("ecg", "b")];

test("a digit shows or hides the line at that place; with Shift it shows that line alone", () => {
  expect(press(stroke("2", { code: "Digit2" }), { legend })).toEqual(["toggleSeries ecg/b"]);
  expect(press(stroke("@", { code: "Digit2", shiftKey: true }), { legend })).toEqual(["soloSeries ecg/b"]);
  expect(press(stroke("1", { code: "Numpad1" }), { legend })).toEqual(["toggleSeries ecg/a"]);
});

test("on a French keyboard the digit keys are found by their place, and the minus among them stays a minus", () => {
  expect(press(stroke("&", { code: "Digit1" }), { legend })).toEqual(["toggleSeries ecg/a"]);
  expect(press(stroke("-", { code: "Digit6" }), { legend })).toEqual(["zoom 1.5"]);
});

test("a digit beyond the legend asks for nothing", () => {
  expect(press(stroke("9", { code: "Digit9" }), { legend })).toEqual([]);
});

test.each(["ctrlKey", "altKey", "metaKey"] as const)("a stroke with %s is the browser's", (modifier) => {
  for (const key of ["s", " ", "End", "1"]) expect(press(stroke(key, { [modifier]: true }))).toEqual([]);
});

test("Escape goes one step out: from the wall display, from pointing, from the zoom", () => {
  expect(press(stroke("Escape"), { isKiosk: true, isPointed: true })).toEqual(["toggleKiosk"]);
  expect(press(stroke("Escape"), { isPointed: true })).toEqual(["moveCursor"]);
  expect(press(stroke("Escape"))).toEqual(["reset"]);
});

test("the themes come one after the other, and are told", () => {
  expect(press(stroke("t"), { theme: "auto" })).toEqual(["chooseTheme light", "says Theme: Light"]);
  expect(press(stroke("t"), { theme: "dark" })).toEqual(["chooseTheme auto", "says Theme: Auto"]);
});

test("no two commands share a key", () => {
  const keys = Object.values(commands).flatMap(({ keys }) => keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test("each command is found by each of its own keys", () => {
  for (const command of Object.values(commands))
    for (const key of command.keys) expect(commandOf(stroke(key))).toBe(command);
});

test("letters, digits and signs can be switched off; keys that are nothing else stay", () => {
  for (const key of ["l", "1", "?", "+"]) expect(isCharacter(stroke(key))).toBe(true);
  for (const key of [" ", "End", "ArrowLeft", "Escape"]) expect(isCharacter(stroke(key))).toBe(false);
});

test("buttons say their key, to those who look and to those who listen", () => {
  expect(hintOf("pause", "Pause")).toBe("Pause (Space)");
  expect(shortcutsOf("pause")).toBe("Space");
  expect(shortcutsOf("live")).toBe("L End");
  const names = Object.keys(commands) as CommandName[];
  for (const name of names) expect(hintOf(name)).toMatch(/ \(.+\)$/);
});

test("where nothing moves there is nothing to pause", () => {
  expect(press(stroke(" "), { canPause: false })).toEqual([]);
});
