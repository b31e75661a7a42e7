/** Colours and sizes as the style sheet has them, so that it alone decides about themes and screens. */

/** So many lines have a colour of their own; the next ones begin anew. */
export const COLOURS = 8;

/* In pixels of a screen with type at its usual size. */
const FONT_PX = 13;
const FONT_PX_MIN = 11;
const USUAL_PX = 16;

export interface Look {
  readonly series: readonly string[];
  /** The same places: how a line is broken into dashes, so that colour is not all that tells it apart. */
  readonly dashes: readonly (readonly number[])[];
  readonly grid: string;
  readonly text: string;
  readonly quiet: string;
  readonly ground: string;
  /** Against a screen with type at its usual size; line and dots follow it, telephone or wall. */
  readonly scale: number;
  readonly fontPx: number;
  readonly family: string;
  readonly font: string;
}

/** On and off in line widths, caps included; the first line is whole. */
const DASHES: readonly (readonly number[])[] = [
  [],
  [6, 3],
  [1, 2.5],
  [9, 3, 1, 3],
  [3, 3],
  [12, 4],
  [6, 3, 1, 3, 1, 3],
  [2, 4],
];

export function readLook(host: HTMLElement, lineWidth: number): Look {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const scale = Number.parseFloat(style.fontSize) / USUAL_PX;
  const fontPx = Math.max(FONT_PX_MIN, Math.min(FONT_PX * scale, host.clientWidth / 32));
  return {
    series: Array.from({ length: COLOURS }, (_, i) => colour(`series-${i}`)),
    dashes: DASHES.map((dash) => dash.map((length) => length * lineWidth * scale)),
    grid: colour("grid"),
    text: colour("text"),
    quiet: colour("text-quiet"),
    ground: colour("ground"),
    scale,
    fontPx,
    family: style.fontFamily,
    font: `${fontPx}px ${style.fontFamily}`,
  };
}
