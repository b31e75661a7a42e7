/**
 * Records the texts that a page draws on a canvas, with their places. Installed before any script of the page; it does
 * not change what is drawn.
 */

import type { Page } from "playwright-core";

export interface DrawnText {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

declare global {
  interface Window {
    drawnTexts?: Map<CanvasRenderingContext2D, DrawnText[]>;
  }
}

/** Runs in the page: it must not use anything from outside itself. */
export function recordDrawnTexts(): void {
  const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
  const drawn = new Map<CanvasRenderingContext2D, DrawnText[]>();
  window.drawnTexts = drawn;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    drawn.set(this, []);
    clearRect.apply(this, area);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const { actualBoundingBoxLeft, actualBoundingBoxRight } = this.measureText(text);
    // Texts that fade at the ends of the axis do not count.
    if (this.globalAlpha === 1)
      drawn.get(this)?.push({ text, left: x - actualBoundingBoxLeft, right: x + actualBoundingBoxRight, y });
    fillText.call(this, text, x, y, ...rest);
  };
}

/** The texts in the row of the time axis, or below the time navigator, from left to right. */
export async function timesOn(page: Page, part: "chart" | "strip"): Promise<readonly DrawnText[]> {
  const texts = await page.evaluate((name) => {
    const canvas = document.querySelector(`[data-part="${name}"] canvas`);
    return [...(window.drawnTexts ?? [])].find(([{ canvas: other }]) => other === canvas)?.[1] ?? [];
  }, part);
  const lowest = Math.max(...texts.map(({ y }) => y));
  return texts.filter(({ y }) => y === lowest).sort((one, other) => one.left - other.left);
}
