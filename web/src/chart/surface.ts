/**
 * Where the chart is drawn: a canvas at the screen's resolution, and on it the rectangle of the lines, which maps
 * instants to CSS pixels.
 */

/** A canvas that fills its host at the screen's resolution; drawing uses CSS pixels. */
export class CanvasLayer {
  readonly canvas: HTMLCanvasElement;
  readonly ctx: CanvasRenderingContext2D;
  width = 0;
  height = 0;

  constructor(host: HTMLElement) {
    this.canvas = host.ownerDocument.createElement("canvas");
    const ctx = this.canvas.getContext("2d");
    if (ctx === null) throw new Error("this browser does not support 2D canvas");
    this.ctx = ctx;
    host.append(this.canvas);
  }

  /** Resizes the canvas, which clears it. */
  fit(width: number, height: number, pixelRatio: number): void {
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * pixelRatio);
    this.canvas.height = Math.round(height * pixelRatio);
    this.ctx.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  }

  clear(): void {
    this.ctx.clearRect(0, 0, this.width, this.height);
  }
}

/** The rectangle in which lines are drawn. Knows no canvas. */
export class PlotArea {
  left = 0;
  top = 0;
  width = 0;
  height = 0;
  /** The instants at its left and right edges. */
  from = 0;
  to = 1;

  get right(): number {
    return this.left + this.width;
  }

  get bottom(): number {
    return this.top + this.height;
  }

  x(time: number): number {
    return this.left + ((time - this.from) / (this.to - this.from)) * this.width;
  }

  /** The instant at an x coordinate. */
  at(x: number): number {
    return this.from + (x - this.left) * this.msPerPx;
  }

  get msPerPx(): number {
    return (this.to - this.from) / this.width;
  }

  hasX(x: number): boolean {
    return x >= this.left && x <= this.right;
  }
}
