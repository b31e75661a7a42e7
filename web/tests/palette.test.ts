/** The colours of the series: told apart by lightness alone, and visible on their ground. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COLOURS, dashOf } from "../src/chart/chart_theme";

const tokens = readFileSync(join(import.meta.dirname, "../src/style/tokens.css"), "utf8");
const [light = "", dark = ""] = tokens.split(':root[data-theme="dark"]');

/** The value of a token; a token may refer to another one. */
function colourOf(name: string, theme: string): string {
  const [, value = ""] =
    new RegExp(`--${name}: ([^;]+);`).exec(theme) ?? new RegExp(`--${name}: ([^;]+);`).exec(light) ?? [];
  const [, other] = /^var\(--(.+)\)$/.exec(value) ?? [];
  return other === undefined ? value : colourOf(other, theme);
}

/** Relative luminance as in WCAG. */
function luminance(colour: string): number {
  const channel = (from: number) => {
    const share = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** CIE L*. */
function lightness(colour: string): number {
  return 116 * Math.cbrt(luminance(colour)) - 16;
}

test.each([
  ["light", light],
  ["dark", dark],
])("in the %s theme all series differ in lightness and stand out from the ground", (_, theme) => {
  const colours = Array.from({ length: COLOURS }, (_, i) => colourOf(`series-${i}`, theme));
  const sorted = colours.map(lightness).sort((a, b) => a - b);
  for (let i = 1; i < sorted.length; i += 1)
    expect((sorted[i] as number) - (sorted[i - 1] as number)).toBeGreaterThan(4);
  const ground = luminance(colourOf("ground", theme));
  for (const colour of colours) {
    const [low, high] = [luminance(colour), ground].sort((a, b) => a - b) as [number, number];
    expect((high + 0.05) / (low + 0.05), colour).toBeGreaterThan(3);
  }
});

test("no two of many series have the same colour and the same dash pattern", () => {
  const pairs = Array.from({ length: COLOURS * COLOURS }, (_, i) => `${i % COLOURS} ${dashOf(i)}`);
  expect(new Set(pairs).size).toBe(pairs.length);
});
