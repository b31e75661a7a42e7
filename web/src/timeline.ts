/**
 * One topic as this page knows it: the samples it has, and which instant is to be shown. It applies the
 * hub's messages in their order and answers for any hub time; it draws nothing and opens no socket.
 *
 * # No line across a hole
 * Wherever `seq` does not follow on, the line breaks. A `gap` only announces that: what it names may still come,
 * over the next connection, and then nothing is missing. The line also breaks where the timeline rested and where
 * somebody moved the dataset elsewhere (`jump` by `seek`), whatever comes, because what lies on both sides are no
 * neighbours. A `loop` is not such a place: a dataset that loops is a ring, and its first record follows its last.
 *
 * # One quantity
 * Labels may change within an epoch. The line keeps its field as long as records have it; another field begins
 * another line.
 *
 * # Each record once
 * Only `seq` decides what is new, so that it does not matter how often, and from which connection, a record
 * comes. Another epoch shares nothing with this one: its line begins anew.
 *
 * # One instant for all
 * The playhead is the hub's time less the group's delay: nothing in it belongs to this viewer.
 */

import type { Batch, End, Gap, Hello, HubMessage, Joining, Json, State, TimelineSegment } from "./protocol";
import { chooseField, describeField, type Field, hasField, readField } from "./timeline/field";
import { jumpAt, record } from "./timeline/recording";
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
  #hello: Hello | undefined;
  #newestSeq = 0;
  #newestTime = Number.NEGATIVE_INFINITY;
  /** Instants that no line may cross, and that no record has come after yet. */
  #breaks: number[] = [];
  /** The first record expected; undefined: whichever comes first, because none was asked for by its position. */
  #wanted: number | undefined;
  #missed = 0;
  #field: Field | undefined;
  /** The labels have changed, and no record has shown yet whether the field is still there. */
  #isFieldOpen = false;
  #segment: TimelineSegment | undefined;
  #delayMs = 0;
  #heldFrom = Number.POSITIVE_INFINITY;
  #announced: State[] = [];
  #viewers: number | undefined;
  #end: End | undefined;

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
        this.#miss(message);
        break;
      case "jump":
        if (message.reason !== "loop" && message.seq > this.#newestSeq) this.#breakAt(message.t / 1000);
        break;
      case "state":
        this.#announced.push(message);
        break;
      case "end":
        this.#end = message;
        break;
      case "viewers":
        this.#viewers = message.n;
        break;
    }
  }

  get topic(): string | undefined {
    return this.#hello?.topic;
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

  /** Records that the hub had and this page, which wanted them, did not get; each has its break in the line. */
  get missed(): number {
    return this.#missed;
  }

  /**
   * What to ask the hub for when its clock reads `hubNow`, if that is known: what follows the newest record,
   * but never more than the window shows. Where that record is out of the window by then, only the window.
   * The next `hello` is taken for the answer.
   */
  joining(hubNow = Number.POSITIVE_INFINITY): Joining {
    const from = Math.min(hubNow - this.#delayMs, this.#endsAt) - this.#windowMs;
    const isVisible = this.#hello !== undefined && this.#newestTime >= from;
    this.#wanted = isVisible ? this.#newestSeq + 1 : undefined;
    if (isVisible) return { since: `${this.#hello?.epoch}:${this.#newestSeq}` };
    // Nobody knows how many records of a live topic make a window; its backfill is the operator's answer.
    if (this.#segment === undefined) return undefined;
    return { last: Math.min(CAPACITY_MAX, recordsIn(this.#windowMs + this.#delayMs, this.#segment)) };
  }

  /**
   * Messages that bring another timeline to the same picture, of nothing before the window. Where that takes
   * more than `most` samples they tell how the timeline runs, and of no record: the hub is then to be asked.
   */
  recording(hubNow: number, most: number): HubMessage[] {
    if (this.#hello === undefined) return [];
    const isHeld = this.#heldFrom !== Number.POSITIVE_INFINITY;
    const hello: Hello = {
      ...this.#hello,
      now: isHeld ? Math.round(this.#heldFrom * 1000) : this.#hello.now,
      timeline: this.#segment ?? null,
      delay: Math.round(this.#delayMs * 1000),
      recovered: null,
    };
    const from = this.playhead(hubNow) - this.#windowMs;
    const records = this.#field === undefined ? [] : record(this.#ring.samples(), from, this.#field, most);
    const breaks = this.#breaks.map((at) => jumpAt(at, this.#newestSeq + 1));
    const said: HubMessage[] = [hello, ...records, ...breaks];
    return this.#end === undefined ? said : [...said, this.#end];
  }

  /** The instant to show when the hub's clock reads `hubNow`. It stays where the timeline ends or rests. */
  playhead(hubNow: number): number {
    while (this.#announced[0] !== undefined && this.#announced[0].t / 1000 <= hubNow) {
      const { timeline, delay, t } = this.#announced.shift() as State;
      this.#follow(timeline, delay, t);
    }
    return Math.min(hubNow - this.#delayMs, this.#heldFrom, this.#endsAt);
  }

  hasEnded(playhead: number): boolean {
    return playhead >= this.#endsAt;
  }

  picture(playhead: number): Picture {
    return { ...this.#ring.samples(), playhead };
  }

  get #endsAt(): number {
    return this.#end === undefined ? Number.POSITIVE_INFINITY : this.#end.t / 1000;
  }

  #greet(hello: Hello): void {
    const before = this.#hello;
    // A hub that stands behind us, and does not say that it knows our position, has another past than ours.
    const knowsUs = hello.recovered === true && this.#wanted !== undefined;
    const isBehind = hello.seq < this.#newestSeq && !knowsUs;
    if (hello.epoch !== before?.epoch || isBehind) this.#restart();
    if (JSON.stringify(hello.fields) !== JSON.stringify(before?.fields)) this.#relabel(hello.fields);
    this.#hello = hello;
    this.#viewers = hello.viewers;
    this.#announced = [];
    this.#end = undefined;
    this.#follow(hello.timeline, hello.delay, hello.now);
  }

  /** What is drawn stays what it is, under its new label, until a record says that it is no more. */
  #relabel(labels: Hello["fields"]): void {
    if (this.#field === undefined) return;
    this.#field = describeField(this.#field.name, labels);
    this.#isFieldOpen = true;
  }

  #follow(segment: TimelineSegment | null, delay: number, t: number): void {
    const isHeld = segment?.playing === false;
    // After a rest `seq` goes on as if nothing had been, but time has passed without records.
    if (!isHeld && this.#heldFrom !== Number.POSITIVE_INFINITY) this.#breakAt(this.#heldFrom);
    this.#segment = segment ?? undefined;
    this.#delayMs = delay / 1000;
    this.#heldFrom = isHeld ? t / 1000 : Number.POSITIVE_INFINITY;
    const wanted = segment
      ? recordsIn(this.#windowMs + this.#delayMs + CAPACITY_MARGIN_MS, segment)
      : CAPACITY_UNKNOWN_RATE;
    const capacity = Math.min(CAPACITY_MAX, wanted);
    // Only ever larger: a slower rate still has the faster one's samples in the window.
    if (capacity > this.#ring.capacity) this.#ring = Ring.from(this.#ring, capacity);
  }

  #miss({ from, to }: Gap): void {
    // Without a range the position itself was worthless, and so is what led to it.
    if (from === null) this.#restart();
    else if (to === null || to > this.#newestSeq) this.#wanted ??= from;
  }

  #appendAll({ seq, t, dt, data }: Batch): void {
    for (const [i, record] of data.entries()) {
      this.#append(seq + i, t + (typeof dt === "number" ? dt * i : (dt[i] ?? 0)), record);
    }
  }

  #append(seq: number, t: number, record: Json): void {
    if (seq <= this.#newestSeq) return;
    const time = t / 1000;
    // Time grows with `seq`. If it does not, the hub is believed, not what this page held before.
    if (time <= this.#newestTime) this.#restart();
    this.#goOn(seq, time);
    this.#newestSeq = seq;
    this.#newestTime = time;
    this.#choose(record);
    // A record without the number is a break, not a longer segment.
    if (this.#field !== undefined) this.#ring.push(time, readField(record, this.#field), seq);
  }

  #choose(record: Json): void {
    if (this.#field !== undefined && (!this.#isFieldOpen || hasField(record, this.#field))) {
      this.#isFieldOpen = false;
      return;
    }
    const chosen = chooseField(record, this.#hello?.fields ?? {});
    if (chosen === undefined) return;
    // What was drawn is another quantity, and the scale and the unit are no longer its own.
    this.#ring.clear();
    this.#field = chosen;
    this.#isFieldOpen = false;
  }

  /** From the newest record to this one: either the line goes on, or it breaks. */
  #goOn(seq: number, time: number): void {
    const next = this.#newestSeq + 1;
    if (seq > next || this.#breaks.some((at) => at <= time)) this.#break(time);
    if (this.hasRecords) this.#missed += seq - Math.max(next, this.#wanted ?? seq);
    this.#breaks = this.#breaks.filter((at) => at > time);
    this.#wanted = seq + 1;
  }

  #breakAt(at: number): void {
    if (at >= this.#newestTime) this.#breaks.push(at);
  }

  #break(before: number): void {
    const newest = this.#ring.samples().times.at(-1);
    if (newest !== undefined) this.#ring.push((newest + before) / 2, Number.NaN, Number.NaN);
  }

  #restart(): void {
    this.#ring.clear();
    this.#newestSeq = 0;
    this.#newestTime = Number.NEGATIVE_INFINITY;
    this.#field = undefined;
    this.#isFieldOpen = false;
    this.#breaks = [];
  }
}

/** Enough for a span of a timeline, and one beyond it, so that the line enters from the edge. */
function recordsIn(ms: number, { rate }: TimelineSegment): number {
  return Math.ceil((rate * ms) / 1000) + 2;
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
