/**
 * What the page's canvas is told to draw, overheard from inside the page: the pieces of the one line, as the
 * places of their samples. It is put in before any script of the page; it changes nothing that is drawn.
 */

declare global {
  interface Window {
    drawnLine?: number[][];
  }
}

/** For the page, not for the test: it must need nothing from outside itself. */
export function watchLine(): void {
  const { beginPath, moveTo, lineTo, stroke, clearRect } = CanvasRenderingContext2D.prototype;
  let drawn: number[][] = [];
  let path: number[][] = [];
  // Lines lie on the chart's first canvas, and nothing else is stroked there: axes and grid are filled.
  const isLines = ({ canvas }: CanvasRenderingContext2D) =>
    document.querySelector('[data-part="chart"] canvas') === canvas;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    if (isLines(this)) drawn = [];
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
    const piece = path.at(-1);
    // The pen is set down where it is drawn from: that is one sample, not two.
    if (piece?.length === 1 && piece[0] === x) piece.length = 0;
    piece?.push(x);
    lineTo.call(this, x, y);
  };
  CanvasRenderingContext2D.prototype.stroke = function (...args: [] | [Path2D]) {
    if (isLines(this)) {
      const [first = [], ...others] = path;
      const last = drawn.at(-1);
      // A long line is drawn in several strokes, each from where the one before ended.
      if (last !== undefined && last.at(-1) === first[0]) last.push(...first.slice(1));
      else if (first.length > 0) drawn.push(first);
      drawn.push(...others);
      path = [];
      window.drawnLine = drawn;
    }
    Reflect.apply(stroke, this, args);
  };
}
