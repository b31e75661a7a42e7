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
  const { stroke } = CanvasRenderingContext2D.prototype;
  const pieces = new WeakMap<Path2D, number[][]>();
  const { moveTo, lineTo } = Path2D.prototype;
  Path2D.prototype.moveTo = function (x, y) {
    const known = pieces.get(this) ?? [];
    known.push([]);
    pieces.set(this, known);
    moveTo.call(this, x, y);
  };
  Path2D.prototype.lineTo = function (x, y) {
    pieces.get(this)?.at(-1)?.push(x);
    lineTo.call(this, x, y);
  };
  // The page strokes one path only; axes and grid are drawn without any.
  CanvasRenderingContext2D.prototype.stroke = function (...path: [] | [Path2D]) {
    const line = path[0] && pieces.get(path[0]);
    if (line !== undefined) window.drawnLine = line;
    Reflect.apply(stroke, this, path);
  };
}
