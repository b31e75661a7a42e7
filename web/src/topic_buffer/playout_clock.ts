/**
 * The playhead of a topic: the drawn instant, as far as there is anything to draw. It stands still while the timeline is
 * paused and at the end of the dataset. What is in force is decided by the states at that instant. Knows no records.
 */

import { Playout, type PlayoutState, recordsPerSecond } from "../client/playout";
import type { End, Hello, State, TimelineSegment } from "../client/protocol";

export class PlayoutClock {
  readonly #playout = new Playout();
  #end: End | undefined;

  /** The state announced last; undefined before the first `hello`. */
  get latest(): PlayoutState | undefined {
    return this.#playout.latest;
  }

  get end(): End | undefined {
    return this.#end;
  }

  onHello(hello: Hello): void {
    // A hub at the end of its dataset sends `end` again after this `hello`; until then the picture must not run on.
    if (hello.seq !== this.#end?.seq) this.#end = undefined;
    this.#playout.onHello(hello);
  }

  onState(state: State): void {
    this.#playout.onState(state);
  }

  onEnd(end: End): void {
    this.#end = end;
  }

  /** A new timeline starts; the end of the previous one means nothing. */
  clearEnd(): void {
    this.#end = undefined;
  }

  /** The instant to draw when the hub's clock reads `hubNow`, whether or not there is anything to draw. */
  drawn(hubNow: number): number {
    return this.#playout.drawn(hubNow);
  }

  delayMs(hubNow: number): number {
    return this.#playout.delayMs(hubNow);
  }

  /** The instant to show; it stands still at a pause and at the end. */
  playhead(hubNow: number): number {
    const drawn = this.drawn(hubNow);
    return Math.min(drawn, this.#pausedAt(drawn), this.endsAt(drawn));
  }

  /** The segment in force at a drawn instant; undefined for live topics, whose rate is unknown. */
  segmentAt(instant: number): TimelineSegment | undefined {
    return this.#playout.stateAt(instant)?.segment;
  }

  /** All states known, in order. */
  get states(): readonly PlayoutState[] {
    return this.#playout.states;
  }

  /** The states in force at a drawn instant and later, in order. */
  statesFrom(instant: number): readonly PlayoutState[] {
    const first = this.#playout.stateAt(instant);
    return first === undefined ? [] : this.#playout.states.filter(({ at }) => at >= first.at);
  }

  /** The end of the dataset, as known at a drawn instant: a segment that begins later revokes it. */
  endsAt(instant: number): number {
    const t = this.#end?.t ?? Number.POSITIVE_INFINITY;
    const isRevoked = (this.segmentAt(instant)?.t0 ?? 0) > t;
    return isRevoked ? Number.POSITIVE_INFINITY : t / 1000;
  }

  /**
   * When the record after `seq` is due, as known at a drawn instant; infinite if none will follow, or if that is
   * unknown, as it is of records with time stamps.
   */
  dueAfter(seq: number, instant: number): number {
    const segment = this.segmentAt(instant);
    const hasEnded = this.endsAt(instant) !== Number.POSITIVE_INFINITY;
    if (segment === undefined || !segment.playing || hasEnded) return Number.POSITIVE_INFINITY;
    return dueAt(segment, Math.max(segment.seq0, seq + 1)) ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the timeline was paused at any time between two instants: `seq` continues, but time has passed. */
  wasPaused(from: number, to: number): boolean {
    const { states } = this.#playout;
    for (let i = states.length - 1; i >= 0; i -= 1) {
      const { at, segment } = states[i] as PlayoutState;
      if (at > to) continue;
      if (segment?.playing === false) return true;
      if (at < from) return false;
    }
    return false;
  }

  /** When the pause that lasts at a drawn instant began; infinite if the timeline runs. */
  #pausedAt(instant: number): number {
    const { states } = this.#playout;
    let pausedAt = Number.POSITIVE_INFINITY;
    for (let i = states.length - 1; i >= 0; i -= 1) {
      const { at, segment } = states[i] as PlayoutState;
      if (at > instant && i > 0) continue;
      if (segment?.playing !== false) break;
      pausedAt = at;
    }
    return pausedAt;
  }
}

/** When a record of a segment is due, in milliseconds; undefined if the records have time stamps. */
export function dueAt(segment: TimelineSegment, seq: number): number | undefined {
  const { seq0, t0, index0, position0, rate, speed = 1 } = segment;
  if (rate === null) return undefined;
  const start = position0 == null ? 0 : (index0 * 1000) / rate - position0 / 1000;
  return t0 / 1000 + Math.max(0, start + ((seq - seq0) * 1000) / rate) / speed;
}

/**
 * Number of records in a period, plus one beyond each end so that the line enters from the edge; undefined if the
 * records have time stamps.
 */
export function recordsIn(ms: number, segment: TimelineSegment): number | undefined {
  const rate = recordsPerSecond(segment);
  return rate === 0 ? undefined : Math.ceil((rate * ms) / 1000) + 2;
}
