/**
 * Notices when a drawn point changes, so that the values beside the chart can follow in the same frame. Asked in every
 * frame; it does not allocate.
 */

import type { SeriesTrace } from "./series_trace";

export class ShownPoints {
  /** The instants of the points shown last, by index of the trace; NaN for none. */
  readonly #times: number[] = [];
  #traces: readonly SeriesTrace[] = [];
  #pointed: number | undefined;

  /** Whether other points are shown than at the last call; `pointed` is the instant under the crosshair. */
  haveChanged(traces: readonly SeriesTrace[], pointed: number | undefined): boolean {
    let hasChanged = traces !== this.#traces || pointed !== this.#pointed;
    this.#traces = traces;
    this.#pointed = pointed;
    for (let i = 0; i < traces.length; i += 1) {
      const trace = traces[i] as SeriesTrace;
      const point = trace.isShown ? trace.pointAt(pointed ?? Number.POSITIVE_INFINITY) : undefined;
      const time = point?.time ?? Number.NaN;
      hasChanged ||= !Object.is(time, this.#times[i]);
      this.#times[i] = time;
    }
    return hasChanged;
  }
}
