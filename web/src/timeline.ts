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
 * Every number of the records is a line of its own. Labels may change within an epoch, and fields come and go:
 * a line keeps its field, and stands empty where records do not have it.
 *
 * # Each record once
 * Only `seq` decides what is new, so that it does not matter how often, and from which connection, a record
 * comes. Another epoch shares nothing with this one: its lines begin anew.
 *
 * # One instant for all
 * The playhead is the hub's time less the group's delay: nothing in it belongs to this viewer.
 */

import type { Batch, Gap, Hello, HubMessage, Joining, Json } from "./client/protocol";
import { Course, recordsIn } from "./timeline/course";
import { type Field, readField } from "./timeline/field";
import { Fields } from "./timeline/fields";
import { jumpAt, record } from "./timeline/recording";
import { Ring, type Samples } from "./timeline/ring";
import { type Place, Sequence } from "./timeline/sequence";

/**
 * The ring takes 30 bytes for each with one field, and 180 with the most, so 8 to 47 MB. One walk over them takes
 * half a millisecond a line (Node 20, a core of a shared server), which a frame has to spare.
 */
const CAPACITY_MAX = 262_144;
/** For live topics, whose rate nobody knows: doubled as long as the window holds more. */
const CAPACITY_UNKNOWN_RATE = 16_384;
/** Beyond the window: the delay, and records that arrive before their instant is shown. */
const CAPACITY_MARGIN_MS = 5_000;

export class Timeline {
  #windowMs: number;
  readonly #ring = new Ring(2);
  readonly #fields = new Fields();
  readonly #sequence = new Sequence();
  readonly #course = new Course((restedFrom) => {
    if (restedFrom !== undefined) this.#sequence.breakAt(restedFrom);
    this.#makeRoom();
  });
  #hello: Hello | undefined;
  #viewers: number | undefined;

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
        if (message.reason !== "loop" && message.seq > this.#sequence.newest.seq)
          this.#sequence.breakAt(message.t / 1000);
        break;
      case "state":
        this.#course.announce(message);
        break;
      case "end":
        this.#course.endWith(message);
        break;
      case "viewers":
        this.#viewers = message.n;
        break;
      case "pong":
        this.#course.reach(message.s / 1000);
        break;
    }
  }

  get topic(): string | undefined {
    return this.#hello?.topic;
  }

  get epoch(): string | undefined {
    return this.#hello?.epoch;
  }

  /** One a line, in the order of the columns of `samples`. Another array whenever anything about them has changed. */
  get fields(): readonly Field[] {
    return this.#fields.list;
  }

  get viewers(): number | undefined {
    return this.#viewers;
  }

  get delayMs(): number {
    return this.#course.delayMs;
  }

  /** Between two records, as the timeline runs by now; undefined on live topics. */
  get periodMs(): number | undefined {
    const { segment } = this.#course;
    return segment && 1000 / segment.rate;
  }

  /** Whether records came, be they drawable or not. */
  get hasRecords(): boolean {
    return this.#sequence.newest.seq > 0;
  }

  /** The newest record held; the same object every time. */
  get newest(): Place | undefined {
    return this.hasRecords ? this.#sequence.newest : undefined;
  }

  /** Hub time of the first publication while it is still to come. */
  get beginsAt(): number | undefined {
    const { segment } = this.#course;
    return this.hasRecords || segment === undefined ? undefined : segment.t0 / 1000;
  }

  /** Records that the hub had and this page, which wanted them, did not get; each has its break in the line. */
  get missed(): number {
    return this.#sequence.missed;
  }

  get windowMs(): number {
    return this.#windowMs;
  }

  /** From now on so much is shown; what it takes is kept, as far as there is room. */
  showWindow(ms: number): void {
    this.#windowMs = ms;
    this.#makeRoom();
  }

  /**
   * What to ask the hub for when its clock reads `hubNow`, if that is known: what follows the newest record,
   * but never more than the window shows and the ring holds. Where that record is out of it by then, only that much.
   * The next `hello` is taken for the answer.
   */
  joining(hubNow = Number.POSITIVE_INFINITY): Joining {
    const { segment, delayMs, endsAt } = this.#course;
    const heldMs = segment === undefined ? Number.POSITIVE_INFINITY : (CAPACITY_MAX * 1000) / segment.rate;
    const from = Math.min(hubNow - delayMs, endsAt) - Math.min(this.#windowMs, heldMs);
    const { seq, time } = this.#sequence.newest;
    const isVisible = this.#hello !== undefined && time >= from;
    this.#sequence.ask(isVisible);
    if (isVisible) return { since: `${this.#hello?.epoch}:${seq}` };
    // Nobody knows how many records of a live topic make a window; its backfill is the operator's answer.
    if (segment === undefined) return undefined;
    return { last: Math.min(CAPACITY_MAX, recordsIn(this.#windowMs + delayMs, segment)) };
  }

  /**
   * Messages that bring another timeline to the same picture, of nothing before the window. Where that takes
   * more than `most` samples they tell how the timeline runs, and of no record: the hub is then to be asked.
   */
  recording(hubNow: number, most: number): HubMessage[] {
    if (this.#hello === undefined) return [];
    const { heldFrom, segment, delayMs, end } = this.#course;
    const hello: Hello = {
      ...this.#hello,
      now: heldFrom === Number.POSITIVE_INFINITY ? this.#hello.now : Math.round(heldFrom * 1000),
      timeline: segment ?? null,
      delay: Math.round(delayMs * 1000),
      recovered: null,
    };
    const from = this.playhead(hubNow) - this.#windowMs;
    const records = record(this.samples(), from, this.fields, most);
    const breaks = this.#sequence.breaks.map((at) => jumpAt(at, this.#sequence.newest.seq + 1));
    const said: HubMessage[] = [hello, ...records, ...breaks];
    return end === undefined ? said : [...said, end];
  }

  /** The instant to show when the hub's clock reads `hubNow`. It stays where the timeline ends or rests. */
  playhead(hubNow: number): number {
    return this.#course.playhead(hubNow);
  }

  hasEnded(hubNow: number): boolean {
    return this.playhead(hubNow) >= this.#course.endsAt;
  }

  /** Whether a record is due at the playhead and has not come. One period is not counted against the line. */
  isStarving(playhead: number): boolean {
    const { segment } = this.#course;
    const { seq, time } = this.#sequence.newest;
    if (segment === undefined || seq === 0 || time >= playhead) return false;
    return this.#course.dueAfter(seq) + 1000 / segment.rate <= playhead;
  }

  /** What is held, in place. The same object every time; it changes with every message. */
  samples(): Samples {
    return this.#ring.samples();
  }

  #greet(hello: Hello): void {
    // A hub that stands behind us, and does not say that it knows our position, has another past than ours.
    const knowsUs = hello.recovered === true && this.#sequence.isWanted;
    const isBehind = hello.seq < this.#sequence.newest.seq && !knowsUs;
    if (hello.epoch !== this.epoch || isBehind) this.#restart();
    this.#fields.relabel(hello.fields);
    this.#hello = hello;
    this.#viewers = hello.viewers;
    this.#course.greet(hello);
  }

  #miss({ from, to }: Gap): void {
    // Without a range the position itself was worthless, and so is what led to it.
    if (from === null) this.#restart();
    else this.#sequence.withhold(from, to);
  }

  #appendAll({ seq, t, dt, data }: Batch): void {
    for (const [i, record] of data.entries()) {
      this.#append(seq + i, t + (typeof dt === "number" ? dt * i : (dt[i] ?? 0)), record);
    }
  }

  #append(seq: number, t: number, record: Json): void {
    if (seq <= this.#sequence.newest.seq) return;
    const time = t / 1000;
    // Nothing is sent before it is due, so that the hub's clock has come this far.
    this.#course.reach(time);
    // Time grows with `seq`. If it does not, the hub is believed, not what this page held before.
    if (time <= this.#sequence.newest.time) this.#restart();
    const before = this.#sequence.newest.time;
    if (this.#sequence.take(seq, time) && this.#ring.length > 0)
      this.#ring.push((before + time) / 2, Number.NaN);
    this.#keep(seq, time, record);
  }

  /** A record without a field's number is a break in its line, not a longer segment. */
  #keep(seq: number, time: number, record: Json): void {
    this.#fields.learn(record);
    if (this.#course.segment === undefined) this.#makeRoom();
    this.#ring.widen(this.fields.length);
    this.#ring.push(time, seq);
    for (let i = 0; i < this.fields.length; i += 1)
      this.#ring.put(i, readField(record, this.fields[i] as Field));
  }

  /** Only ever more: a slower rate still has the faster one's samples in the window. */
  #makeRoom(): void {
    const { segment, delayMs } = this.#course;
    const keptMs = this.#windowMs + delayMs + CAPACITY_MARGIN_MS;
    const wanted = segment === undefined ? this.#roomFor(keptMs) : recordsIn(keptMs, segment);
    this.#ring.grow(Math.min(CAPACITY_MAX, wanted));
  }

  /** Where the rate is not known: twice as many as there are, if the next one would push out what is to be kept. */
  #roomFor(keptMs: number): number {
    const { times, begin } = this.samples();
    const { capacity, length } = this.#ring;
    const isTight = length === capacity && (times[begin] as number) > this.#sequence.newest.time - keptMs;
    return isTight ? 2 * capacity : CAPACITY_UNKNOWN_RATE;
  }

  #restart(): void {
    this.#ring.clear();
    this.#fields.clear();
    this.#sequence.clear();
    this.#course.forgetEnd();
  }
}
