/**
 * How a topic runs: since when, how fast, how far behind its group draws, where it rests and where it ends. It turns
 * the hub's time into the instant to show. Knows no records.
 *
 * # In force when due
 * A change is announced for an instant. It comes into force as soon as anything shows that the hub's clock has
 * reached that instant, be it a frame or a message: a tab that nobody sees draws no frames.
 */

import type { End, Hello, State, TimelineSegment } from "../client/protocol";

export class Course {
  readonly #onChange: (restedFrom: number | undefined) => void;
  #segment: TimelineSegment | undefined;
  #delayMs = 0;
  #heldFrom = Number.POSITIVE_INFINITY;
  #announced: State[] = [];
  #end: End | undefined;

  /** The call comes after every change; with the beginning of a rest where one is over. */
  constructor(onChange: (restedFrom: number | undefined) => void) {
    this.#onChange = onChange;
  }

  /** Undefined on live topics, whose rate nobody knows. */
  get segment(): TimelineSegment | undefined {
    return this.#segment;
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  /** Infinite while it runs. */
  get heldFrom(): number {
    return this.#heldFrom;
  }

  get end(): End | undefined {
    return this.#end;
  }

  get endsAt(): number {
    return this.#end === undefined ? Number.POSITIVE_INFINITY : this.#end.t / 1000;
  }

  greet({ seq, timeline, delay, now }: Hello): void {
    this.#announced = [];
    // At its end, the hub says so again after this; until then the picture must not run on.
    if (seq !== this.#end?.seq) this.#end = undefined;
    this.#follow(timeline, delay, now / 1000);
  }

  announce(state: State): void {
    this.#announced.push(state);
  }

  endWith(end: End): void {
    this.#end = end;
  }

  /** Another timeline begins: where the one before it ended means nothing. */
  forgetEnd(): void {
    this.#end = undefined;
  }

  /** The hub's clock reads `hubNow`, or more. */
  reach(hubNow: number): void {
    while (this.#announced[0] !== undefined && this.#announced[0].t / 1000 <= hubNow) {
      const { timeline, delay, t } = this.#announced.shift() as State;
      this.#follow(timeline, delay, t / 1000);
    }
  }

  /** It stays where the timeline ends or rests. */
  playhead(hubNow: number): number {
    this.reach(hubNow);
    return Math.min(hubNow - this.#delayMs, this.#heldFrom, this.endsAt);
  }

  /** When the record after `seq` is due; infinite while none is to come, or nobody knows when. */
  dueAfter(seq: number): number {
    if (this.#segment === undefined || this.#heldFrom !== Number.POSITIVE_INFINITY || this.#end !== undefined)
      return Number.POSITIVE_INFINITY;
    const { seq0, t0, rate } = this.#segment;
    return t0 / 1000 + (Math.max(0, seq + 1 - seq0) * 1000) / rate;
  }

  #follow(segment: TimelineSegment | null, delay: number, at: number): void {
    const isHeld = segment?.playing === false;
    // After a rest `seq` goes on as if nothing had been, but time has passed without records.
    const isOver = !isHeld && this.#heldFrom !== Number.POSITIVE_INFINITY;
    const restedFrom = isOver ? this.#heldFrom : undefined;
    this.#segment = segment ?? undefined;
    this.#delayMs = delay / 1000;
    this.#heldFrom = isHeld ? at : Number.POSITIVE_INFINITY;
    this.#onChange(restedFrom);
  }
}

/** Enough for a span of a timeline, and one beyond it, so that the line enters from the edge. */
export function recordsIn(ms: number, { rate }: TimelineSegment): number {
  return Math.ceil((rate * ms) / 1000) + 2;
}
