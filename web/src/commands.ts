/**
 * What keys do: one table, from which the keyboard, the hints on buttons and the help are made. Knows wishes, and strokes
 * as a browser reports them, but listens to nothing itself.
 */

import type { Facts, Theme, Wishes } from "./page";
import { strings } from "./strings";

/** Who carries a command out: the wishes, and what is the page's own business. */
export interface Desk {
  readonly wishes: Wishes;
  readonly facts: Facts;
  copyLink(): void;
  openHelp(): void;
  announce(text: string): void;
}

export type Stroke = Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey">;

export interface Command {
  /** As `KeyboardEvent.key` names them; the first is the one to recommend. */
  readonly keys: readonly string[];
  readonly words: string;
  /** Whether holding the key asks again and again. */
  readonly repeats?: true;
  run(desk: Desk, stroke: Stroke): unknown;
}

const ZOOM_STEP = 1.5;
/** With Shift the cursor goes this many samples at once. */
const STRIDE = 10;
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];

const stride = ({ shiftKey }: Stroke) => (shiftKey ? STRIDE : 1);

const table = {
  pause: {
    keys: [" "],
    words: strings.commandPause,
    run: ({ wishes, facts }) => facts.canPause && wishes.togglePause(),
  },
  live: {
    keys: ["L", "End"],
    words: strings.commandLive,
    run: ({ wishes }) => wishes.goLive(),
  },
  back: {
    keys: ["ArrowLeft"],
    words: strings.commandBack,
    repeats: true,
    run: ({ wishes }, stroke) => wishes.moveCursor(-stride(stroke)),
  },
  forward: {
    keys: ["ArrowRight"],
    words: strings.commandForward,
    repeats: true,
    run: ({ wishes }, stroke) => wishes.moveCursor(stride(stroke)),
  },
  zoomIn: {
    // Where the plus needs Shift, the equals sign is on the same key.
    keys: ["+", "="],
    words: strings.commandZoomIn,
    repeats: true,
    run: ({ wishes }) => wishes.zoom(1 / ZOOM_STEP),
  },
  zoomOut: {
    keys: ["-"],
    words: strings.commandZoomOut,
    repeats: true,
    run: ({ wishes }) => wishes.zoom(ZOOM_STEP),
  },
  series: {
    keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    words: strings.commandSeries,
    run: (desk, stroke) => chooseSeries(desk, stroke),
  },
  reset: {
    keys: ["0"],
    words: strings.commandReset,
    run: ({ wishes }) => wishes.reset(),
  },
  copyLink: {
    keys: ["C"],
    words: strings.commandCopy,
    run: (desk) => desk.copyLink(),
  },
  savePng: {
    keys: ["S"],
    words: strings.commandPicture,
    run: ({ wishes }) => wishes.savePng(),
  },
  theme: {
    keys: ["T"],
    words: strings.commandTheme,
    run: (desk) => nextTheme(desk),
  },
  fullscreen: {
    keys: ["F"],
    words: strings.commandFullscreen,
    run: ({ wishes }) => wishes.toggleFullscreen(),
  },
  kiosk: {
    keys: ["K"],
    words: strings.commandKiosk,
    run: ({ wishes }) => wishes.toggleKiosk(),
  },
  leave: {
    keys: ["Escape"],
    words: strings.commandLeave,
    run: (desk) => leave(desk),
  },
  help: {
    keys: ["?"],
    words: strings.commandHelp,
    run: (desk) => desk.openHelp(),
  },
} satisfies Record<string, Command>;

export type CommandName = keyof typeof table;

export const commands: Readonly<Record<CommandName, Command>> = table;

/** What a stroke asks for, if anything. Strokes with Ctrl, Alt or Meta are the browser's. */
export function commandOf(stroke: Stroke): Command | undefined {
  if (stroke.ctrlKey || stroke.altKey || stroke.metaKey) return undefined;
  const key = stroke.key.length === 1 ? stroke.key.toUpperCase() : stroke.key;
  const found = Object.values(commands).find(({ keys }) => keys.includes(key));
  return found ?? (digitOf(stroke) === undefined ? undefined : commands.series);
}

/** Whether the stroke is one that people who speak to their device, or whose hand shakes, make by accident. */
export function isCharacter({ key }: Stroke): boolean {
  return key.length === 1 && key !== " ";
}

/** As `aria-keyshortcuts` wants them. */
export function shortcutsOf(name: CommandName): string {
  return commands[name].keys.map((key) => (key === " " ? "Space" : key)).join(" ");
}

/** What a command does and with which key, to show beside a button. */
export function hintOf(name: CommandName, words: string = commands[name].words): string {
  const [key = ""] = commands[name].keys;
  return `${words} (${keyName(key)})`;
}

/** As it is printed on the key. */
export function keyName(key: string): string {
  const names: Readonly<Record<string, string>> = {
    " ": "Space",
    ArrowLeft: "←",
    ArrowRight: "→",
    Escape: "Esc",
    "-": strings.minus,
  };
  return names[key] ?? key;
}

/** By its place, because with Shift, or on a French keyboard without it, the key gives another character. */
function digitOf({ key, code }: Stroke): number | undefined {
  const digit = /^Digit([1-9])$/.exec(code)?.[1] ?? /^[1-9]$/.exec(key)?.[0];
  return digit === undefined ? undefined : Number(digit);
}

function chooseSeries({ wishes, facts }: Desk, stroke: Stroke): void {
  const entry = facts.legend[(digitOf(stroke) ?? 0) - 1];
  if (entry === undefined) return;
  if (stroke.shiftKey) wishes.soloSeries(entry.series.key);
  else wishes.toggleSeries(entry.series.key);
}

function nextTheme({ wishes, facts, announce }: Desk): void {
  const next = THEMES[(THEMES.indexOf(facts.theme) + 1) % THEMES.length] as Theme;
  wishes.chooseTheme(next);
  announce(strings.themeIs(strings.themes[next]));
}

/** One step out. Dialogs and panels close by themselves, before this is asked. */
function leave({ wishes, facts }: Desk): void {
  if (facts.isKiosk) wishes.toggleKiosk();
  else if (facts.isPointed) wishes.moveCursor(undefined);
  else wishes.reset();
}
