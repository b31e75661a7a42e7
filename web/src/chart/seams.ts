/** Draws where a replay starts over: a dashed vertical line with the lap that begins there. */

import type { Seam } from "../topic_buffer/laps";
import type { ChartTheme } from "./chart_theme";
import type { PlotArea } from "./surface";

/* In units of the font size. */
const DASH = 0.45;
const GAP = 0.4;
/** Closer seams get no label. */
const LABEL_ROOM = 7;

/**
 * Drawn behind everything that is already on the canvas. The line consists of rectangles: a dashed path would be traced
 * again in every frame.
 */
export function drawSeams(
  ctx: CanvasRenderingContext2D,
  plot: PlotArea,
  seams: readonly Seam[],
  theme: ChartTheme,
  lapText: (lap: number) => string,
): void {
  if (seams.length === 0) return;
  const { left, right, top, bottom } = plot;
  const { fontPx } = theme;
  ctx.globalCompositeOperation = "destination-over";
  ctx.font = theme.font;
  ctx.fillStyle = theme.quiet;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  let free = left;
  for (let i = 0; i < seams.length; i += 1) {
    const { at, lap } = seams[i] as Seam;
    const x = plot.x(at);
    if (x < left || x > right) continue;
    for (let y = top; y < bottom; y += 2 * DASH * fontPx)
      ctx.fillRect(x - 0.5, y, 1, Math.min(DASH * fontPx, bottom - y));
    if (x < free || right - x < LABEL_ROOM * fontPx || Number.isNaN(lap)) continue;
    ctx.fillText(lapText(lap), x + GAP * fontPx, top);
    free = x + LABEL_ROOM * fontPx;
  }
  ctx.globalCompositeOperation = "source-over";
}
