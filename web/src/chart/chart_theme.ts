/** The chart's colours and sizes, read from the style sheet, which alone decides about themes and screen sizes. */

/** Number of distinct series colours; further series reuse them in order. */
export const COLOURS = 8;

/* In pixels at the default font size. */
const FONT_PX = 13;
const FONT_PX_MIN = 11;
const USUAL_PX = 16;

export interface ChartTheme {
  readonly series: readonly string[];
  /** Dash patterns by the same index, so that colour is not the only distinction. */
  readonly dashes: readonly (readonly number[])[];
  readonly grid: string;
  readonly text: string;
  readonly quiet: string;
  readonly ground: string;
  readonly warn: string;
  /** Scale relative to the default font size, applied to lines and dots on any screen. */
  readonly scale: number;
  readonly fontPx: number;
  readonly family: string;
  readonly font: string;
}

/** On and off lengths in line widths, caps included; the first series is solid. */
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

/** The dash pattern of a series: beyond the eighth, colours return with another pattern. */
export function dashOf(colour: number): number {
  return (colour + Math.floor(colour / COLOURS)) % COLOURS;
}

export function readChartTheme(host: HTMLElement, lineWidth: number): ChartTheme {
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
    warn: colour("warn"),
    scale,
    fontPx,
    family: style.fontFamily,
    font: `${fontPx}px ${style.fontFamily}`,
  };
}
