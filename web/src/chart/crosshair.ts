/**
 * Where somebody points, and what stands there: at the pointer's place on the screen, which stays while the picture
 * moves, or at a sample that the keys have chosen, which moves with it. It always snaps to samples. Draws nothing.
 */

import type { Scene, Trace } from "../scene";
import { nearest, neighbour, type Spot } from "./nearest";
import type { Plot } from "./plot";

export interface Pointed {
  /** The instant of the sample closest to where somebody points, of all lines. */
  readonly at: number;
  /** For each trace of the scene, its sample closest to that: its instant and its value. NaN: none in view. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** How far that sample is from the one before it; infinite if there is none. */
  readonly periodMs: number;
}

type Aim =
  | { readonly kind: "nowhere" }
  | { readonly kind: "place"; readonly x: number }
  | { readonly kind: "instant"; readonly at: number };

const NOWHERE: Aim = { kind: "nowhere" };

export class Crosshair {
  #aim: Aim = NOWHERE;
  readonly #found = { at: 0, times: [] as number[], values: [] as number[], periodMs: 0 };
  readonly #spot: Spot = { time: Number.NaN, value: Number.NaN, periodMs: 0 };
  #pointed: Pointed | undefined;

  /** As the last frame had it; the same object from frame to frame. */
  get pointed(): Pointed | undefined {
    return this.#pointed;
  }

  /** The pointer is there; undefined: it has gone, and what the keys have chosen stays. */
  point(x: number | undefined): void {
    if (x !== undefined) this.#aim = { kind: "place", x };
    else if (this.#aim.kind === "place") this.#aim = NOWHERE;
  }

  /** So many samples to the right, from where it is or else from the line's end; undefined takes it away. */
  move(samples: number | undefined, scene: Scene): void {
    if (samples === undefined) {
      this.#aim = NOWHERE;
      return;
    }
    // From beyond the edge, so that a sample right there counts too.
    let at = this.#pointed?.at ?? neighbourOfAll(scene, scene.to + 1, -1);
    for (let i = 0; i < Math.abs(samples); i += 1) {
      const next = neighbourOfAll(scene, at, samples < 0 ? -1 : 1);
      // At the last one in view it stays.
      if (Number.isNaN(next)) break;
      at = next;
    }
    this.#aim = Number.isNaN(at) ? NOWHERE : { kind: "instant", at };
  }

  /** Finds what is pointed at in this frame. */
  seek(scene: Scene, plot: Plot): void {
    this.#pointed = undefined;
    if (this.#aim.kind === "nowhere") return;
    const at = this.#aim.kind === "instant" ? this.#aim.at : plot.at(this.#aim.x);
    // What the keys have chosen leaves with the picture.
    if (at < scene.from || at > scene.to) return;
    const found = this.#found;
    found.at = Number.NaN;
    found.times.length = scene.traces.length;
    found.values.length = scene.traces.length;
    for (let i = 0; i < scene.traces.length; i += 1) {
      nearest(scene.traces[i] as Trace, at, scene.from, scene.to, this.#spot);
      const { time, value, periodMs } = this.#spot;
      found.times[i] = time;
      found.values[i] = Number.isNaN(time) ? Number.NaN : value;
      if (Number.isNaN(time) || Math.abs(time - at) >= Math.abs(found.at - at)) continue;
      found.at = time;
      found.periodMs = periodMs;
    }
    if (!Number.isNaN(found.at)) this.#pointed = found;
  }
}

function neighbourOfAll(scene: Scene, instant: number, direction: 1 | -1): number {
  let best = Number.NaN;
  for (const trace of scene.traces) {
    const time = neighbour(trace, instant, direction, scene.from, scene.to);
    if (!Number.isNaN(time) && !(Math.abs(time - instant) >= Math.abs(best - instant))) best = time;
  }
  return best;
}
