/**
 * Records the dots and texts that the page draws on the two canvases of its chart: what a person who photographs the
 * screen can read off it. Installed before any script of the page; it does not change what is drawn.
 */

export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly colour: string;
}

export interface DrawnText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly align: string;
}

export interface LayerMarks {
  readonly dots: Dot[];
  readonly texts: DrawnText[];
}

declare global {
  interface Window {
    /** The chart itself, and the crosshair's layer above it. */
    drawnMarks?: readonly [LayerMarks, LayerMarks];
  }
}

/** Runs in the page: it must not use anything from outside itself. */
export function recordDrawnMarks(): void {
  const { arc, fillText, clearRect } = CanvasRenderingContext2D.prototype;
  const layers = [
    { dots: [] as Dot[], texts: [] as DrawnText[] },
    { dots: [] as Dot[], texts: [] as DrawnText[] },
  ] as const;
  window.drawnMarks = layers;
  const layerOf = ({ canvas }: CanvasRenderingContext2D) =>
    layers[[...document.querySelectorAll('[data-part="chart"] canvas')].indexOf(canvas)];
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    const layer = layerOf(this);
    if (layer !== undefined) for (const marks of [layer.dots, layer.texts]) marks.length = 0;
    clearRect.apply(this, area);
  };
  CanvasRenderingContext2D.prototype.arc = function (x, y, radius, ...rest) {
    if (this.globalAlpha === 1) layerOf(this)?.dots.push({ x, y, radius, colour: String(this.fillStyle) });
    arc.call(this, x, y, radius, ...rest);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    if (this.globalAlpha === 1) layerOf(this)?.texts.push({ text, x, y, align: this.textAlign });
    fillText.call(this, text, x, y, ...rest);
  };
}
