/**
 * Which instant of a topic is drawn when: the hub's time minus the playout delay. It depends on the hub's time and on
 * the topic's states alone, so all viewers draw the same instant. Knows no records.
 *
 * # States
 * A state is in force from the moment the drawn instant reaches its `t`, however early it was announced. It replaces
 * those with the same or a later `t`.
 *
 * # A changed delay
 * The drawn instant never jumps. From a state's `t` on it runs faster or slower until the new delay is reached. The
 * first state known has no earlier delay to start from; in a viewer that joins during a change, it is reached at once.
 */

import type { Hello, State, TimelineSegment } from "./protocol.ts";

/** A state of the topic; instants are hub time in milliseconds. */
export interface PlayoutState {
  /** From this drawn instant on it is in force. */
  readonly at: number;
  /** Undefined for live topics. */
  readonly segment: TimelineSegment | undefined;
  readonly delayMs: number;
  /** When the drawn instant reaches `at`, and the delay at that moment. */
  readonly since: number;
  readonly fromMs: number;
}

/** Records per second in a segment; 0 if the records have time stamps, whose intervals are not known. */
export function recordsPerSecond({ rate, speed = 1 }: TimelineSegment): number {
  return (rate ?? 0) * speed;
}

/** How much faster or slower time runs: the greatest change of an automatic delay then takes eleven seconds. */
const SLEW = 0.25;
/** Far more than are announced within any playout delay. */
const STATES_MAX = 1_000;

export class Playout {
  /** In order of `at`. */
  #states: PlayoutState[] = [];
  #epoch: string | undefined;

  get states(): readonly PlayoutState[] {
    return this.#states;
  }

  /** The state announced last; undefined before the first `hello`. */
  get latest(): PlayoutState | undefined {
    return this.#states.at(-1);
  }

  onHello({ epoch, now, timeline, delay, states = [] }: Hello): void {
    if (epoch !== this.#epoch) this.#states = [];
    this.#epoch = epoch;
    for (const state of states) this.onState(state);
    if (states.length > 0) return;
    // An earlier hub says what is in force now, but not since when, unless a segment began that is new to us.
    const t0 = timeline?.t0 ?? 0;
    const isNews = t0 / 1000 > (this.latest?.at ?? Number.POSITIVE_INFINITY) && t0 < now;
    this.onState({ t: isNews ? t0 : now, timeline, delay });
  }

  onState({ t, timeline, delay }: Pick<State, "t" | "timeline" | "delay">): void {
    const at = t / 1000;
    const delayMs = delay / 1000;
    this.#states = this.#states.filter((state) => state.at < at).slice(1 - STATES_MAX);
    const since = this.latest === undefined ? at + delayMs : reachedAt(this.latest, at);
    this.#states.push({ at, segment: timeline ?? undefined, delayMs, since, fromMs: since - at });
  }

  /** The instant to draw when the hub's clock reads `hubNow`. */
  drawn(hubNow: number): number {
    return hubNow - this.delayMs(hubNow);
  }

  /** The playout delay when the hub's clock reads `hubNow`; 0 before the first `hello`. */
  delayMs(hubNow: number): number {
    const state = this.#lastBegun("since", hubNow);
    if (state === undefined) return 0;
    const { fromMs, delayMs, since } = state;
    const slewed = SLEW * Math.max(0, hubNow - since);
    return delayMs > fromMs ? Math.min(delayMs, fromMs + slewed) : Math.max(delayMs, fromMs - slewed);
  }

  /** The state in force at a drawn instant; undefined before the first `hello`. */
  stateAt(instant: number): PlayoutState | undefined {
    return this.#lastBegun("at", instant);
  }

  /** The last state that has begun, or else the first: nothing is known before it. Called for every frame. */
  #lastBegun(clock: "since" | "at", time: number): PlayoutState | undefined {
    let i = this.#states.length - 1;
    while (i > 0 && (this.#states[i] as PlayoutState)[clock] > time) i -= 1;
    return this.#states[i];
  }
}

/** When the drawn instant reaches `at` in the course of this state. */
function reachedAt({ at: begin, since, fromMs, delayMs }: PlayoutState, at: number): number {
  const speed = 1 - Math.sign(delayMs - fromMs) * SLEW;
  const elapsed = (at - begin) / speed;
  return elapsed * SLEW < Math.abs(delayMs - fromMs) ? since + elapsed : at + delayMs;
}
