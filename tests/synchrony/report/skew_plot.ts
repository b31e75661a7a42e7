/**
 * Plots the skew between two pages for several runs, as drawn and as it would be if drawn on arrival. An SVG with its
 * own background, for light and dark viewers.
 */

import type { Distribution } from "../figures/distribution";
import { titleOf } from "./lines";
import type { Report, SkewFigures } from "./report";

const PANEL = { width: 440, height: 216 };
/** The plot within a panel. */
const PLOT = { left: 52, top: 44, width: 364, height: 124 };
const HEAD_HEIGHT = 74;
const COLUMNS = 2;

/** The axis in powers of ten of a millisecond; smaller values are drawn at its start. */
const DECADES = [-2, -1, 0, 1, 2, 3] as const;
const LABELS = { [-2]: "0.01", [-1]: "0.1", 0: "1", 1: "10", 2: "100 ms", 3: "1 s" } as const;

/** The page's colours in the light theme. */
const COLOUR = {
  ground: "#fbfbf9",
  grid: "#e9edea",
  text: "#16201e",
  quiet: "#66716e",
  drawn: "#0b7a6b",
  onset: "#55a598",
  arrival: "#858f8b",
};

/** Duration of a frame at 60 Hz. */
const FRAME_MS = 1000 / 60;

export function draw(reports: readonly Report[]): string {
  const columns = Math.min(COLUMNS, Math.max(1, reports.length));
  const width = columns * PANEL.width + 16;
  const height = HEAD_HEIGHT + Math.ceil(reports.length / columns) * PANEL.height;
  const panels = reports.map((report, i) => {
    const [x, y] = [(i % columns) * PANEL.width, HEAD_HEIGHT + Math.floor(i / columns) * PANEL.height];
    return `<g transform="translate(${x} ${y})">${panel(report)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${summary(reports)}">`,
    "<style>text{font:12px system-ui,sans-serif;font-variant-numeric:tabular-nums}.title{font-size:14px;font-weight:600}</style>",
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${COLOUR.ground}" stroke="${COLOUR.grid}"/>`,
    head(),
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

function head(): string {
  const entries = [
    [COLOUR.drawn, "as drawn"],
    [COLOUR.onset, "first frame"],
    [COLOUR.arrival, "on arrival"],
  ] as const;
  const legend = entries.map(([colour, words], i) => {
    const x = PLOT.left + i * 118;
    return `<path d="M${x} 54h18" stroke="${colour}" stroke-width="2.5"/>${text(x + 25, 58, words, COLOUR.text)}`;
  });
  return `${text(PLOT.left, 30, "How far apart two pages are", COLOUR.text, "title")}${legend.join("")}`;
}

function panel(report: Report): string {
  const { timelineSkew, onsetSkew, arrivalSkew } = report;
  return [
    text(PLOT.left, PLOT.top - 14, titleOf(report), COLOUR.text, "title"),
    grid(),
    line(arrivalSkew, COLOUR.arrival, 2),
    line(onsetSkew, COLOUR.onset, 2),
    line(timelineSkew, COLOUR.drawn, 2.5),
    percentiles([
      [timelineSkew.pairs, COLOUR.drawn],
      [onsetSkew.pairs, COLOUR.onset],
      [arrivalSkew.pairs, COLOUR.arrival],
    ]),
  ].join("");
}

function grid(): string {
  const { left, top, width, height } = PLOT;
  const bottom = top + height;
  const columns = DECADES.map((decade) => {
    const x = at(10 ** decade);
    const label = text(x, bottom + 17, LABELS[decade], COLOUR.quiet, "", "middle");
    return `<path d="M${x} ${top}v${height}" stroke="${COLOUR.grid}"/>${label}`;
  });
  const rows = [0, 50, 100].map((percent) => {
    const y = heightOf(percent / 100);
    const label = text(left - 8, y + 4, `${percent} %`, COLOUR.quiet, "", "end");
    return `<path d="M${left} ${y}h${width}" stroke="${COLOUR.grid}"/>${label}`;
  });
  const x = at(FRAME_MS);
  const frame = `<path d="M${x} ${top}v${height}" stroke="${COLOUR.quiet}" stroke-dasharray="2 3"/>`;
  const frameLabel = text(x + 4, bottom - 5, "a frame", COLOUR.quiet);
  return columns.join("") + rows.join("") + frame + frameLabel;
}

function line({ curve }: SkewFigures, colour: string, width: number): string {
  const points = curve.map((value, i) => `${at(value)},${heightOf((i + 1) / curve.length)}`);
  return `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"/>`;
}

/** The 99th percentiles as text below the plot, in the colours of their lines. */
function percentiles(entries: readonly (readonly [Distribution, string])[]): string {
  const y = PLOT.top + PLOT.height + 34;
  const words = entries.map(
    ([{ p99 }, colour], i) => `${text(PLOT.left + 36 + i * 84, y, `${spell(p99)} ms`, colour)}`,
  );
  return text(PLOT.left, y, "p99", COLOUR.quiet) + words.join("");
}

function at(ms: number): number {
  const [first, last] = [DECADES[0], DECADES[DECADES.length - 1] as number];
  const decade = Math.min(last, Math.max(first, Math.log10(ms)));
  return tenth(PLOT.left + ((decade - first) / (last - first)) * PLOT.width);
}

function heightOf(share: number): number {
  return tenth(PLOT.top + PLOT.height * (1 - share));
}

function summary(reports: readonly Report[]): string {
  const parts = reports.map(
    (report) =>
      `${titleOf(report)}: p99 ${spell(report.timelineSkew.pairs.p99)} ms as drawn, ${spell(report.arrivalSkew.pairs.p99)} ms on arrival`,
  );
  return `Skew between two pages. ${parts.join(". ")}.`;
}

function spell(ms: number): string {
  if (Number.isNaN(ms)) return "–";
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function text(x: number, y: number, words: string, colour: string, kind = "", anchor = "start"): string {
  return `<text x="${x}" y="${y}" fill="${colour}" text-anchor="${anchor}"${kind && ` class="${kind}"`}>${words}</text>`;
}
