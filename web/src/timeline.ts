/**
 * One topic as this page knows it: the samples it has, and which instant is to be shown. It applies the
 * hub's messages in their order and answers for any hub time; it draws nothing and opens no socket.
 *
 * # No line across a hole
 * Wherever `seq` does not follow on, or the hub says `gap`, the line breaks. A `jump` is no hole: `seq` and
 * time go on, only the dataset begins again.
 *
 * # One instant for all
 * The playhead is the hub's time less the group's delay: nothing in it belongs to this viewer.
 */

import type { Batch, FieldLabel, Hello, HubMessage, Json, State, TimelineSegment } from "./protocol";
import { chooseField, type Field, readField } from "./timeline/field";
import { indexAt, Ring, type Samples } from "./timeline/ring";

/** What one frame shows. */
export interface Picture extends Samples {
  /** The instant at the line's end: hub time in milliseconds. */
  readonly playhead: number;
}

/** The ring takes 48 bytes for each, so 13 MB at most: a minute at four thousand records a second. */
const CAPACITY_MAX = 262_144;
/** For live topics, whose rate nobody knows. */
const CAPACITY_UNKNOWN_RATE = 65_536;
/** Beyond the window: the delay, and records that arrive before their instant is shown. */
const CAPACITY_MARGIN_MS = 5_000;

export class Timeline {
  readonly #windowMs: number;
  #ring = new Ring(2);
  #epoch: string | undefined;
  #newestSeq = 0;
  #isBroken = false;
  #labels: Readonly<Record<string, FieldLabel>> = {};
  #field: Field | undefined;
  #segment: TimelineSegment | undefined;
  #delayMs = 0;
  #heldFrom = Number.POSITIVE_INFINITY;
  #announced: State[] = [];
  #viewers: number | undefined;
  #topic: string | undefined;
  #endsAt: number | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  apply(message: HubMessage): void {
    switch (message.type) {
      case "hello":
        this.#greet(message);
        break;
      case "data":
        this.#append(message.seq, message.t, message.data);
        break;
      case "batch":
        this.#appendAll(message);
        break;
      case "gap":
        // Without a range the position itself was worthless, and so is what led to it.
        if (message.from === null) this.#restart();
        this.#isBroken = true;
        break;
      case "state":
        this.#announced.push(message);
        break;
      case "end":
        this.#endsAt = message.t / 1000;
        break;
      case "viewers":
        this.#viewers = message.n;
        break;
    }
  }

  get topic(): string | undefined {
    return this.#topic;
  }

  get field(): Field | undefined {
    return this.#field;
  }

  get viewers(): number | undefined {
    return this.#viewers;
  }

  /** Whether records came, be they drawable or not. */
  get hasRecords(): boolean {
    return this.#newestSeq > 0;
  }

  /** Hub time of the first publication while it is still to come. */
  get beginsAt(): number | undefined {
    return this.hasRecords || this.#segment === undefined ? undefined : this.#segment.t0 / 1000;
  }

  /** Where to go on after an interruption. */
  get position(): string | undefined {
    return this.hasRecords ? `${this.#epoch}:${this.#newestSeq}` : undefined;
  }

  /** The instant to show when the hub's clock reads `hubNow`. It stays where the timeline ends or rests. */
  playhead(hubNow: number): number {
    while (this.#announced[0] !== undefined && this.#announced[0].t / 1000 <= hubNow) {
      this.#turn(this.#announced.shift() as State);
    }
    return Math.min(hubNow - this.#delayMs, this.#heldFrom, this.#endsAt ?? Number.POSITIVE_INFINITY);
  }

  hasEnded(playhead: number): boolean {
    return this.#endsAt !== undefined && playhead >= this.#endsAt;
  }

  picture(playhead: number): Picture {
    return { ...this.#ring.samples(), playhead };
  }

  #greet(hello: Hello): void {
    if (hello.epoch !== this.#epoch) this.#restart();
    this.#epoch = hello.epoch;
    this.#topic = hello.topic;
    // Labels may change while the epoch stays; only then is the choice made anew, so that nothing flickers.
    if (JSON.stringify(hello.fields) !== JSON.stringify(this.#labels)) this.#field = undefined;
    this.#labels = hello.fields;
    this.#viewers = hello.viewers;
    this.#announced = [];
    this.#endsAt = undefined;
    this.#heldFrom = Number.POSITIVE_INFINITY;
    this.#follow(hello.timeline, hello.delay, hello.now);
  }

  #turn(state: State): void {
    if (state.timeline?.playing && this.#heldFrom !== Number.POSITIVE_INFINITY) this.#isBroken = true;
    this.#follow(state.timeline, state.delay, state.t);
  }

  #follow(segment: TimelineSegment | null, delay: number, t: number): void {
    this.#segment = segment ?? undefined;
    this.#delayMs = delay / 1000;
    this.#heldFrom = segment?.playing === false ? t / 1000 : Number.POSITIVE_INFINITY;
    const wanted = segment
      ? Math.ceil((segment.rate * (this.#windowMs + this.#delayMs + CAPACITY_MARGIN_MS)) / 1000) + 2
      : CAPACITY_UNKNOWN_RATE;
    const capacity = Math.min(CAPACITY_MAX, wanted);
    // Only ever larger: a slower rate still has the faster one's samples in the window.
    if (capacity > this.#ring.capacity) this.#ring = Ring.from(this.#ring, capacity);
  }

  #appendAll({ seq, t, dt, data }: Batch): void {
    for (const [i, record] of data.entries()) {
      this.#append(seq + i, t + (typeof dt === "number" ? dt * i : (dt[i] ?? 0)), record);
    }
  }

  #append(seq: number, t: number, record: Json): void {
    if (seq <= this.#newestSeq) return;
    const time = t / 1000;
    const isNext = seq === this.#newestSeq + 1 && !this.#isBroken;
    if (!isNext) this.#break(time);
    this.#isBroken = false;
    this.#newestSeq = seq;
    this.#field ??= chooseField(record, this.#labels);
    if (this.#field !== undefined) this.#ring.push(time, readField(record, this.#field), seq);
  }

  #break(before: number): void {
    const newest = this.#ring.samples().times.at(-1);
    if (newest !== undefined) this.#ring.push((newest + before) / 2, Number.NaN, Number.NaN);
  }

  #restart(): void {
    this.#ring.clear();
    this.#newestSeq = 0;
    this.#field = undefined;
    this.#isBroken = false;
  }
}

/** The last sample not after the playhead: the record that is due, never a value in between. */
export function sampleAt(picture: Picture): { value: number; seq: number } | undefined {
  for (let i = indexAt(picture.times, picture.playhead); i >= 0; i -= 1) {
    const seq = picture.seqs[i] as number;
    if (!Number.isNaN(seq)) return { value: picture.values[i] as number, seq };
  }
  return undefined;
}

/** A copy that later pushes leave alone, for a view that stands still. */
export function still(picture: Picture): Picture {
  return {
    times: picture.times.slice(),
    values: picture.values.slice(),
    seqs: picture.seqs.slice(),
    playhead: picture.playhead,
  };
}
