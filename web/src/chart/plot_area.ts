/** The rectangle in which lines are drawn, and the mapping from instants and values to CSS pixels. Knows no canvas. */

import type { Scale } from "./scale";

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

  y(scale: Scale, value: number): number {
    return this.bottom - scale.share(value) * this.height;
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
