/** A canvas that fills its host at the screen's own resolution, and is drawn on in CSS pixels. */

export class Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly ctx: CanvasRenderingContext2D;
  width = 0;
  height = 0;

  constructor(host: HTMLElement) {
    this.canvas = host.ownerDocument.createElement("canvas");
    const ctx = this.canvas.getContext("2d");
    if (ctx === null) throw new Error("this browser has no canvas to draw on");
    this.ctx = ctx;
    host.append(this.canvas);
  }

  /** Empty afterwards. */
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
