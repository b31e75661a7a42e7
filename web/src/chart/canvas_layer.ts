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
