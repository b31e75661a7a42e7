/**
 * Records the lines that the page draws on its canvas, as the x coordinates of the points of each unbroken run.
 * Installed before any script of the page; it does not change what is drawn.
 */

declare global {
  interface Window {
    drawnLine?: number[][];
  }
}

/** Runs in the page: it must not use anything from outside itself. */
export function recordDrawnLine(): void {
  const { beginPath, moveTo, lineTo, stroke, clearRect } = CanvasRenderingContext2D.prototype;
  let drawn: number[][] = [];
  let path: number[][] = [];
  // Lines are drawn on the chart's first canvas, and nothing else is stroked there: axes and grid are filled.
  const isLines = ({ canvas }: CanvasRenderingContext2D) =>
    document.querySelector('[data-part="chart"] canvas') === canvas;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    if (isLines(this)) {
      drawn = [];
      window.drawnLine = drawn;
    }
    clearRect.apply(this, area);
  };
  CanvasRenderingContext2D.prototype.beginPath = function () {
    path = [];
    beginPath.call(this);
  };
  CanvasRenderingContext2D.prototype.moveTo = function (x, y) {
    path.push([x]);
    moveTo.call(this, x, y);
  };
  CanvasRenderingContext2D.prototype.lineTo = function (x, y) {
    const run = path.at(-1);
    // A `moveTo` followed by a `lineTo` at the same x is one sample, not two.
    if (run?.length === 1 && run[0] === x) run.length = 0;
    run?.push(x);
    lineTo.call(this, x, y);
  };
  CanvasRenderingContext2D.prototype.stroke = function (...args: [] | [Path2D]) {
    if (isLines(this)) {
      const [first = [], ...others] = path;
      const last = drawn.at(-1);
      // A long line is drawn in several strokes, each starting where the previous one ended.
      if (last !== undefined && last.at(-1) === first[0]) last.push(...first.slice(1));
      else if (first.length > 0) drawn.push(first);
      drawn.push(...others);
      path = [];
      window.drawnLine = drawn;
    }
    Reflect.apply(stroke, this, args);
  };
}
