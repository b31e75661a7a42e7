/**
 * The playout clock of a topic: maps the hub's time to the instant to show, according to the topic's segment, playout
 * delay, pauses and end. Knows no records.
 *
 * # Scheduled changes
 * A change is announced for an instant. It takes effect as soon as anything shows that the hub's clock has reached that
 * instant, a frame or a message: a hidden tab draws no frames.
 */

import type { End, Hello, State, TimelineSegment } from "../client/protocol";

export class PlayoutClock {
  readonly #onChange: (pausedFrom: number | undefined) => void;
  #segment: TimelineSegment | undefined;
  #delayMs = 0;
  /** Infinite while the timeline runs. */
  #pausedAt = Number.POSITIVE_INFINITY;
  /** Changes that are not in effect yet, in the order of their instants. */
  #announced: State[] = [];
  #end: End | undefined;

  /** The callback runs after every change, with the start of a pause that has just ended. */
  constructor(onChange: (pausedFrom: number | undefined) => void) {
    this.#onChange = onChange;
  }

  /** Undefined for live topics, whose rate is unknown. */
  get segment(): TimelineSegment | undefined {
    return this.#segment;
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  /** The instant at which the timeline was paused; infinite while it runs. */
  get pausedAt(): number {
    return this.#pausedAt;
  }

  get end(): End | undefined {
    return this.#end;
  }

  get endsAt(): number {
    return this.#end === undefined ? Number.POSITIVE_INFINITY : this.#end.t / 1000;
  }

  onHello({ seq, timeline, delay, now }: Hello): void {
    this.#announced = [];
    // A hub at the end of its dataset sends `end` again after this `hello`; until then the picture must not run on.
    if (seq !== this.#end?.seq) this.#end = undefined;
    this.#apply(timeline, delay, now / 1000);
  }

  onState(state: State): void {
    this.#announced.push(state);
  }

  onEnd(end: End): void {
    this.#end = end;
  }

  /** A new timeline starts; the end of the previous one means nothing. */
  clearEnd(): void {
    this.#end = undefined;
  }

  /** Applies the changes due by `hubNow`; the hub's clock reads at least this. */
  advanceTo(hubNow: number): void {
    while (this.#announced[0] !== undefined && this.#announced[0].t / 1000 <= hubNow) {
      const { timeline, delay, t } = this.#announced.shift() as State;
      this.#apply(timeline, delay, t / 1000);
    }
  }

  /** The instant to show; it stands still at a pause and at the end. */
  playhead(hubNow: number): number {
    this.advanceTo(hubNow);
    return Math.min(hubNow - this.#delayMs, this.#pausedAt, this.endsAt);
  }

  /** When the record after `seq` is due; infinite if none will follow, or if that is unknown. */
  dueAfter(seq: number): number {
    if (this.#segment === undefined || this.#pausedAt !== Number.POSITIVE_INFINITY || this.#end !== undefined)
      return Number.POSITIVE_INFINITY;
    const { seq0, t0, rate } = this.#segment;
    return t0 / 1000 + (Math.max(0, seq + 1 - seq0) * 1000) / rate;
  }

  #apply(segment: TimelineSegment | null, delay: number, at: number): void {
    const isPaused = segment?.playing === false;
    // After a pause `seq` continues without a gap, but time has passed without records.
    const hasResumed = !isPaused && this.#pausedAt !== Number.POSITIVE_INFINITY;
    const pausedFrom = hasResumed ? this.#pausedAt : undefined;
    this.#segment = segment ?? undefined;
    this.#delayMs = delay / 1000;
    this.#pausedAt = isPaused ? at : Number.POSITIVE_INFINITY;
    this.#onChange(pausedFrom);
  }
}

/** Number of records in a period, plus one beyond each end so that the line enters from the edge. */
export function recordsIn(ms: number, { rate }: TimelineSegment): number {
  return Math.ceil((rate * ms) / 1000) + 2;
}
