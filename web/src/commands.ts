/**
 * The keyboard commands: one table drives the keyboard, the hints on buttons and the help dialog. It knows the actions
 * and the shape of a key event, but listens to nothing itself.
 */

import type { Actions, Theme, ViewState } from "./page";
import { strings } from "./strings";

/** What a command runs against: the page's actions, and operations of the view itself. */
export interface CommandContext {
  readonly actions: Actions;
  readonly state: ViewState;
  copyLink(): void;
  announce(text: string): void;
}

export type KeyStroke = Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey">;

export interface Command {
  /** Named as in `KeyboardEvent.key`; the first is the one shown in hints. */
  readonly keys: readonly string[];
  /** Whether holding the key down repeats the command. */
  readonly repeats?: true;
  run(context: CommandContext, stroke: KeyStroke): unknown;
}

const ZOOM_STEP = 1.5;
/** With Shift, the crosshair moves by this many samples. */
const STRIDE = 10;
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];

const stride = ({ shiftKey }: KeyStroke) => (shiftKey ? STRIDE : 1);

const table = {
  pause: {
    keys: [" "],
    run: ({ actions, state }) => state.canPause && actions.togglePause(),
  },
  live: {
    keys: ["L", "End"],
    run: ({ actions }) => actions.goLive(),
  },
  back: {
    keys: ["ArrowLeft"],
    repeats: true,
    run: ({ actions }, stroke) => actions.moveCursor(-stride(stroke)),
  },
  forward: {
    keys: ["ArrowRight"],
    repeats: true,
    run: ({ actions }, stroke) => actions.moveCursor(stride(stroke)),
  },
  zoomIn: {
    // On keyboards where plus needs Shift, the same key without Shift gives an equals sign.
    keys: ["+", "="],
    repeats: true,
    run: ({ actions }) => actions.zoom(1 / ZOOM_STEP),
  },
  zoomOut: {
    keys: ["-"],
    repeats: true,
    run: ({ actions }) => actions.zoom(ZOOM_STEP),
  },
  series: {
    keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    run: (context, stroke) => chooseSeries(context, stroke),
  },
  reset: {
    keys: ["0"],
    run: ({ actions }) => actions.reset(),
  },
  copyLink: {
    keys: ["C"],
    run: (context) => context.copyLink(),
  },
  savePng: {
    keys: ["S"],
    run: ({ actions }) => actions.savePng(),
  },
  json: {
    keys: ["J"],
    run: ({ actions }) => actions.toggleJson(),
  },
  theme: {
    keys: ["T"],
    run: (context) => nextTheme(context),
  },
  fullscreen: {
    keys: ["F"],
    run: ({ actions }) => actions.toggleFullscreen(),
  },
  kiosk: {
    keys: ["K"],
    run: ({ actions }) => actions.toggleKiosk(),
  },
  leave: {
    keys: ["Escape"],
    run: (context) => leave(context),
  },
  help: {
    keys: ["?"],
    run: ({ actions }) => actions.openHelp(),
  },
} satisfies Record<string, Command>;

export type CommandName = keyof typeof table;

export const commands: Readonly<Record<CommandName, Command>> = table;

/** Returns the command for a key stroke, if any. Strokes with Ctrl, Alt or Meta belong to the browser. */
export function commandFor(stroke: KeyStroke): Command | undefined {
  if (stroke.ctrlKey || stroke.altKey || stroke.metaKey) return undefined;
  const key = stroke.key.length === 1 ? stroke.key.toUpperCase() : stroke.key;
  const found = Object.values(commands).find(({ keys }) => keys.includes(key));
  return found ?? (digitOf(stroke) === undefined ? undefined : commands.series);
}

/**
 * Whether the stroke is a printable character. Users of speech input and users with a tremor trigger these by accident,
 * so they can be switched off.
 */
export function isCharacter({ key }: KeyStroke): boolean {
  return key.length === 1 && key !== " ";
}

/** The keys of a command in the syntax of `aria-keyshortcuts`. */
export function shortcutsOf(name: CommandName): string {
  return commands[name].keys.map((key) => (key === " " ? "Space" : key)).join(" ");
}

/** The tooltip of a button: what the command does, and its key. */
export function hintOf(name: CommandName, label: string): string {
  const [key = ""] = commands[name].keys;
  return `${label} (${keyName(key)})`;
}

/** The label printed on the key. */
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

/**
 * The digit of the key, by its position on the keyboard: with Shift, and on a French keyboard without it, the key
 * produces another character.
 */
function digitOf({ key, code }: KeyStroke): number | undefined {
  const digit = /^Digit([1-9])$/.exec(code)?.[1] ?? /^[1-9]$/.exec(key)?.[0];
  return digit === undefined ? undefined : Number(digit);
}

function chooseSeries({ actions, state }: CommandContext, stroke: KeyStroke): void {
  const entry = state.legend[(digitOf(stroke) ?? 0) - 1];
  if (entry === undefined) return;
  if (stroke.shiftKey) actions.soloSeries(entry.series.key);
  else actions.toggleSeries(entry.series.key);
}

function nextTheme({ actions, state, announce }: CommandContext): void {
  const next = THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length] as Theme;
  actions.chooseTheme(next);
  announce(strings.themeIs(strings.themes[next]));
}

/** Leaves one level. Dialogs and panels handle Escape themselves, before this runs. */
function leave({ actions, state }: CommandContext): void {
  if (state.isKiosk) actions.toggleKiosk();
  else if (state.isPointed) actions.moveCursor(undefined);
  else actions.reset();
}
