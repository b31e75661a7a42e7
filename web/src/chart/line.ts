/**
 * The line's course, from samples to pen strokes. It ends at the playhead, inside the segment that leads to
 * the next sample; where that sample is not known, at the last one: nothing is extrapolated. NaN lifts the
 * pen. Knows no canvas: a pen is whatever can move and draw.
 */

import type { Picture } from "../timeline";
import { indexAt } from "../timeline/ring";

export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

export interface Point {
  readonly time: number;
  readonly value: number;
}

/** Where things lie on the canvas. */
export interface Projection {
  x(time: number): number;
  y(value: number): number;
}

/** From this many samples in a column on, only the extremes are drawn; the eye sees no difference. */
const DENSE = 4;

/** Draws what lies between `from` and the playhead; the result is the line's end, if it has one there. */
export function traceLine(
  pen: Pen,
  picture: Picture,
  from: number,
  columnMs: number,
  to: Projection,
): Point | undefined {
  const { times, values, playhead } = picture;
  const first = Math.max(0, indexAt(times, from));
  const last = indexAt(times, playhead);
  const stroke = new Stroke(pen, to, picture);
  const isDense = last - first > (DENSE * (playhead - from)) / columnMs;
  for (let i = first; i <= last; i += 1) {
    if (Number.isNaN(values[i])) stroke.lift();
    // Columns are cut in time, not on the screen: else each frame would pick other extremes, and the line shimmer.
    else stroke.add(i, isDense ? Math.floor((times[i] as number) / columnMs) : i);
  }
  stroke.flush();
  const end = partial(picture, last);
  if (end !== undefined) pen.lineTo(to.x(end.time), to.y(end.value));
  return end ?? newest(picture, last);
}

/** The lowest and highest value between `from` and the playhead, with one sample beyond each end. */
export function extremes(picture: Picture, from: number): readonly [number, number] {
  const last = Math.min(picture.times.length - 1, indexAt(picture.times, picture.playhead) + 1);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = Math.max(0, indexAt(picture.times, from)); i <= last; i += 1) {
    const value = picture.values[i] as number;
    // Written so that NaN changes neither.
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function newest({ times, values }: Picture, last: number): Point | undefined {
  const value = values[last];
  return value === undefined || Number.isNaN(value) ? undefined : { time: times[last] as number, value };
}

function partial({ times, values, playhead }: Picture, last: number): Point | undefined {
  const [t0, t1, v0, v1] = [times[last], times[last + 1], values[last], values[last + 1]];
  if (t0 === undefined || t1 === undefined || v0 === undefined || v1 === undefined) return undefined;
  if (Number.isNaN(v0) || Number.isNaN(v1)) return undefined;
  return { time: playhead, value: v0 + ((v1 - v0) * (playhead - t0)) / (t1 - t0) };
}

/**
 * Holds back one column's samples until the next column begins, then draws its extremes in their order.
 * It keeps indices, not points: this runs for every visible sample in every frame and must not allocate.
 */
class Stroke {
  readonly #pen: Pen;
  readonly #to: Projection;
  readonly #picture: Picture;
  #column = Number.NaN;
  #isDown = false;
  #low = -1;
  #high = -1;
  #latest = -1;

  constructor(pen: Pen, to: Projection, picture: Picture) {
    this.#pen = pen;
    this.#to = to;
    this.#picture = picture;
  }

  add(i: number, column: number): void {
    const { values } = this.#picture;
    if (column !== this.#column) this.flush();
    this.#column = column;
    if (this.#latest < 0) {
      this.#low = i;
      this.#high = i;
    } else if ((values[i] as number) < (values[this.#low] as number)) this.#low = i;
    else if ((values[i] as number) > (values[this.#high] as number)) this.#high = i;
    this.#latest = i;
  }

  lift(): void {
    this.flush();
    this.#isDown = false;
  }

  flush(): void {
    if (this.#latest < 0) return;
    const earlier = Math.min(this.#low, this.#high);
    const later = Math.max(this.#low, this.#high);
    this.#draw(earlier);
    if (later > earlier) this.#draw(later);
    if (this.#latest > later) this.#draw(this.#latest);
    this.#latest = -1;
  }

  #draw(i: number): void {
    const x = this.#to.x(this.#picture.times[i] as number);
    const y = this.#to.y(this.#picture.values[i] as number);
    if (!this.#isDown) this.#pen.moveTo(x, y);
    // Also after moving: a sample alone between two gaps is a dot, not nothing.
    this.#pen.lineTo(x, y);
    this.#isDown = true;
  }
}
