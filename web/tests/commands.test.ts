/** Keyboard shortcuts: what each triggers on any keyboard, and which are left to the browser. */

import { expect, test } from "vitest";
import {
  type CommandName,
  commandFor,
  commands,
  hintOf,
  isCharacter,
  type KeyStroke,
  shortcutsOf,
} from "../src/commands";
import type { ViewState } from "../src/page";
import { entry, recordingActions, viewState } from "./view_state";

function stroke(key: string, more: Partial<KeyStroke> = {}): KeyStroke {
  return { key, code: "", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more };
}

/** Runs a key stroke and returns the actions it triggered. */
function press(pressed: KeyStroke, shown: Partial<ViewState> = {}): readonly string[] {
  const { actions, called } = recordingActions();
  commandFor(pressed)?.run(
    {
      actions,
      state: viewState(shown),
      copyLink: () => called.push("copyLink"),
      announce: (text) => called.push(`says ${text}`),
    },
    pressed,
  );
  return called;
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
])("the key %j triggers %s", (key, action) => {
  expect(press(stroke(key))).toEqual([action]);
});

test("plus and equals, which share a key, zoom in by as much as minus zooms out", () => {
  expect(press(stroke("+"))).toEqual(press(stroke("=")));
  expect(press(stroke("+"))).toEqual([`zoom ${1 / 1.5}`]);
});

test("with Shift the crosshair moves by ten samples", () => {
  expect(press(stroke("ArrowLeft", { shiftKey: true }))).toEqual(["moveCursor -10"]);
  expect(press(stroke("ArrowRight", { shiftKey: true }))).toEqual(["moveCursor 10"]);
});

const legend = [entry("ecg", "a"), entry("ecg", "b")];

test("a digit shows or hides the series with that number; with Shift it shows only that series", () => {
  expect(press(stroke("2", { code: "Digit2" }), { legend })).toEqual(["toggleSeries ecg/b"]);
  expect(press(stroke("@", { code: "Digit2", shiftKey: true }), { legend })).toEqual(["soloSeries ecg/b"]);
  expect(press(stroke("1", { code: "Numpad1" }), { legend })).toEqual(["toggleSeries ecg/a"]);
});

test("on a French keyboard digit keys are found by position, and the minus among them stays a minus", () => {
  expect(press(stroke("&", { code: "Digit1" }), { legend })).toEqual(["toggleSeries ecg/a"]);
  expect(press(stroke("-", { code: "Digit6" }), { legend })).toEqual(["zoom 1.5"]);
});

test("a digit beyond the legend does nothing", () => {
  expect(press(stroke("9", { code: "Digit9" }), { legend })).toEqual([]);
});

test.each(["ctrlKey", "altKey", "metaKey"] as const)("a stroke with %s is the browser's", (modifier) => {
  for (const key of ["s", " ", "End", "1"]) expect(press(stroke(key, { [modifier]: true }))).toEqual([]);
});

test("Escape leaves kiosk mode, then the crosshair, then the zoom", () => {
  expect(press(stroke("Escape"), { isKiosk: true, isPointed: true })).toEqual(["toggleKiosk"]);
  expect(press(stroke("Escape"), { isPointed: true })).toEqual(["moveCursor"]);
  expect(press(stroke("Escape"))).toEqual(["reset"]);
});

test("T cycles through the themes and announces each", () => {
  expect(press(stroke("t"), { theme: "auto" })).toEqual(["chooseTheme light", "says Theme: Light"]);
  expect(press(stroke("t"), { theme: "dark" })).toEqual(["chooseTheme auto", "says Theme: Auto"]);
});

test("no two commands share a key", () => {
  const keys = Object.values(commands).flatMap(({ keys }) => keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test("each command is found by each of its keys", () => {
  for (const command of Object.values(commands))
    for (const key of command.keys) expect(commandFor(stroke(key))).toBe(command);
});

test("printable characters can be switched off, other keys cannot", () => {
  for (const key of ["l", "1", "?", "+"]) expect(isCharacter(stroke(key))).toBe(true);
  for (const key of [" ", "End", "ArrowLeft", "Escape"]) expect(isCharacter(stroke(key))).toBe(false);
});

test("buttons show their key, and expose it to screen readers", () => {
  expect(hintOf("pause", "Pause")).toBe("Pause (Space)");
  expect(shortcutsOf("pause")).toBe("Space");
  expect(shortcutsOf("live")).toBe("L End");
  const names = Object.keys(commands) as CommandName[];
  for (const name of names) expect(hintOf(name, "Does it")).toMatch(/^Does it \(.+\)$/);
});

test("Space does nothing when there is nothing to pause", () => {
  expect(press(stroke(" "), { canPause: false })).toEqual([]);
});
