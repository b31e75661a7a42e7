/**
 * The crosshair: finds the samples at the pointer, which keeps its place on screen while the picture moves, or at a
 * sample chosen with the keyboard, which moves with the picture. It always snaps to a sample, the closest one of all
 * lines; every other line is read at that instant, as its newest sample up to there. Draws nothing.
 */

import type { Scene, Trace } from "../scene";
import { newestPoint, noPoint } from "../scene/trace_point";
import { type FoundSample, nearest, neighbour } from "./nearest";
import type { PlotArea } from "./surface";

export interface PointedSamples {
  /** The instant of the sample closest to the pointer, over all lines. */
  readonly at: number;
  /** For each trace of the scene, its newest sample in view up to `at`; NaN if missing. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** Time since the sample before the closest one; infinite if it is the first. */
  readonly periodMs: number;
}

type CrosshairTarget =
  | { readonly kind: "nowhere" }
  | { readonly kind: "pointer"; readonly x: number }
  | { readonly kind: "instant"; readonly at: number };

const NOWHERE: CrosshairTarget = { kind: "nowhere" };

export class Crosshair {
  #target: CrosshairTarget = NOWHERE;
  readonly #found = { at: 0, times: [] as number[], values: [] as number[], periodMs: 0 };
  readonly #spot: FoundSample = { time: Number.NaN, periodMs: 0 };
  readonly #point = noPoint();
  #pointed: PointedSamples | undefined;

  /** The result of the last frame; the same object from frame to frame. */
  get pointed(): PointedSamples | undefined {
    return this.#pointed;
  }

  /**
   * Moves the crosshair to the pointer. Undefined means that the pointer has left; a sample chosen with the keyboard
   * stays.
   */
  point(x: number | undefined): void {
    if (x !== undefined) this.#target = { kind: "pointer", x };
    else if (this.#target.kind === "pointer") this.#target = NOWHERE;
  }

  /**
   * Moves the crosshair by this many samples to the right, from its position or else from the end of the line;
   * undefined hides it.
   */
  move(samples: number | undefined, scene: Scene): void {
    if (samples === undefined) {
      this.#target = NOWHERE;
      return;
    }
    // Starts just beyond the edge, so that a sample exactly there is found too.
    let at = this.#pointed?.at ?? neighbourOfAll(scene, scene.to + 1, -1);
    for (let i = 0; i < Math.abs(samples); i += 1) {
      const next = neighbourOfAll(scene, at, samples < 0 ? -1 : 1);
      // Stops at the last sample in view.
      if (Number.isNaN(next)) break;
      at = next;
    }
    this.#target = Number.isNaN(at) ? NOWHERE : { kind: "instant", at };
  }

  /** Finds the samples under the crosshair in this frame. */
  update(scene: Scene, plot: PlotArea): void {
    this.#pointed = undefined;
    if (this.#target.kind === "nowhere") return;
    const at = this.#target.kind === "instant" ? this.#target.at : plot.at(this.#target.x);
    // A sample chosen with the keyboard scrolls out of view with the picture.
    if (at < scene.from || at > scene.to) return;
    const found = this.#found;
    found.at = Number.NaN;
    for (let i = 0; i < scene.traces.length; i += 1) {
      nearest(scene.traces[i] as Trace, at, scene.from, scene.to, this.#spot);
      const { time, periodMs } = this.#spot;
      if (Number.isNaN(time) || Math.abs(time - at) >= Math.abs(found.at - at)) continue;
      found.at = time;
      found.periodMs = periodMs;
    }
    if (Number.isNaN(found.at)) this.#findRecord(scene, at);
    if (Number.isNaN(found.at)) return;
    this.#readAll(scene);
    this.#pointed = found;
  }

  /** Reads every line at the instant that was found. */
  #readAll(scene: Scene): void {
    const { at, times, values } = this.#found;
    times.length = scene.traces.length;
    values.length = scene.traces.length;
    for (let i = 0; i < scene.traces.length; i += 1) {
      const isFound = newestPoint(scene.traces[i] as Trace, at, scene.from, this.#point);
      times[i] = isFound ? this.#point.time : Number.NaN;
      values[i] = isFound ? this.#point.value : Number.NaN;
    }
  }

  /** Records without a number in view can be pointed at too. */
  #findRecord({ records = [], from, to }: Scene, at: number): void {
    const found = this.#found;
    for (const trace of records) {
      nearest(trace, at, from, to, this.#spot);
      const { time, periodMs } = this.#spot;
      if (Number.isNaN(time) || Math.abs(time - at) >= Math.abs(found.at - at)) continue;
      found.at = time;
      found.periodMs = periodMs;
    }
  }
}

/** Of all lines; of all records if there are no lines. */
function neighbourOfAll(
  { traces, records = [], ...scene }: Scene,
  instant: number,
  direction: 1 | -1,
): number {
  let best = Number.NaN;
  for (const trace of traces.length > 0 ? traces : records) {
    const time = neighbour(trace, instant, direction, scene.from, scene.to);
    if (!Number.isNaN(time) && !(Math.abs(time - instant) >= Math.abs(best - instant))) best = time;
  }
  return best;
}
