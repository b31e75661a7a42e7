/**
 * The state of one topic in this page: a buffer of samples, and the instant to show. It applies the hub's messages in
 * order and answers for any hub time; it draws nothing and opens no socket.
 *
 * # Breaks
 * The line breaks wherever `seq` is not contiguous. A `gap` only announces missing records: they may still arrive over
 * the next connection, and then there is no break. The line also breaks where the timeline was paused and where the
 * dataset was moved (`jump` by `seek`), because the records on both sides are not neighbours. A `loop` does not break
 * the line: the first record of a looping dataset follows its last.
 *
 * # One line per field
 * Every number in the records is a line, also one in a nested object or spelled as text. Labels may change within an epoch, and fields come and go: a line keeps its
 * field and is empty where records do not have it.
 *
 * # Each record once
 * Only `seq` decides whether a record is new, so it does not matter how often, and over which connection, a record
 * arrives. Another epoch shares nothing with this one: all lines start over.
 *
 * # Same instant on every screen
 * The playhead is the hub's time minus the topic's delay: nothing in it depends on this viewer. A changed timeline or
 * delay takes effect when the drawn instant reaches it, not when it is announced.
 */

import { recordsPerSecond } from "./client/playout";
import type { Batch, Gap, Hello, HubMessage, Joining, Json, TimelineSegment } from "./client/protocol";
import { type Field, FieldSet, type RecordPlace, readSpelling } from "./topic_buffer/field";
import { GapTracker, type RecordPosition } from "./topic_buffer/gap_tracker";
import { type Seam, Seams } from "./topic_buffer/laps";
import { PlayoutClock, recordsIn } from "./topic_buffer/playout_clock";
import { RecordLog } from "./topic_buffer/record_log";
import { SampleRing, type Samples } from "./topic_buffer/sample_ring";
import { jumpAt, snapshotMessages, stateMessage } from "./topic_buffer/snapshot";

/**
 * A sample takes 30 bytes with one field and 340 with 32: 8 to 89 MB in total. Walking all of them takes half a millisecond per line (Node 20, one core of a shared server), which fits into a frame.
 */
const CAPACITY_MAX = 262_144;
/** With more fields than this, fewer samples are kept. */
const FIELDS_AT_CAPACITY_MAX = 32;
/** Initial capacity for live topics, whose rate is unknown; doubled while the window holds more. */
const CAPACITY_UNKNOWN_RATE = 16_384;
/** Extra time beyond window and delay, for records that arrive before their instant is shown. */
const CAPACITY_MARGIN_MS = 5_000;

const NO_SEAMS: readonly Seam[] = [];

export class TopicBuffer {
  /** The texts of the newest records of this timeline. */
  readonly log = new RecordLog();
  /** How much time is shown; the ring holds at least this much, up to its maximum. */
  #windowMs: number;
  /** One column per field, in the order of `#fields`. Its capacity never shrinks. */
  readonly #ring = new SampleRing(2);
  readonly #fields = new FieldSet();
  /** Knows the newest record, which is the last row of `#ring` that is not a break. */
  readonly #gaps = new GapTracker();
  readonly #clock = new PlayoutClock();
  /** Sets a value of the newest record. One function for all records. */
  readonly #put = (index: number, value: number): void => this.#ring.put(index, value);
  readonly #seams = new Seams();
  /** The latest `hello`; undefined until the hub has answered. */
  #hello: Hello | undefined;
  #viewers: number | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** `text` is the message as the hub has spelled it, if it came from the hub. */
  apply(message: HubMessage, text?: string): void {
    this.#apply(message);
    if (text !== undefined && (message.type === "data" || message.type === "batch"))
      this.log.add(message, text);
  }

  #apply(message: HubMessage): void {
    switch (message.type) {
      case "hello":
        this.#onHello(message);
        break;
      case "data":
        this.#append(message.seq, message.t, message.data, { holder: message, key: "data" });
        break;
      case "batch":
        this.#appendAll(message);
        break;
      case "gap":
        this.#onGap(message);
        break;
      case "jump":
        if (message.reason !== "loop" && message.seq > this.#gaps.newest.seq)
          this.#gaps.breakAt(message.t / 1000);
        break;
      case "state":
        this.#clock.onState(message);
        this.#growRing();
        break;
      case "end":
        this.#clock.onEnd(message);
        break;
      case "viewers":
        this.#viewers = message.n;
        break;
    }
  }

  get topic(): string | undefined {
    return this.#hello?.topic;
  }

  get epoch(): string | undefined {
    return this.#hello?.epoch;
  }

  /**
   * One per line, in the order of the columns of `samples`. A new array whenever anything about the fields has changed.
   */
  get fields(): readonly Field[] {
    return this.#fields.list;
  }

  /** The dataset of a replay topic; null on live topics, undefined until the hub has answered. */
  get dataset(): Hello["dataset"] | undefined {
    return this.#hello?.dataset;
  }

  /** The segment in force at a drawn instant; undefined for live topics. */
  segmentAt(instant: number): TimelineSegment | undefined {
    return this.#clock.segmentAt(instant);
  }

  /** Where the dataset starts over between two instants. Valid until the next call. */
  seams(from: number, to: number): readonly Seam[] {
    const { dataset } = this;
    return dataset?.loop === true && dataset.len > 1
      ? this.#seams.find(this.#clock.states, dataset.len, from, to)
      : NO_SEAMS;
  }

  /** Numbers of the records beyond the most that can be fields. */
  get unlisted(): number {
    return this.#fields.unlisted;
  }

  get viewers(): number | undefined {
    return this.#viewers;
  }

  /** The playout delay when the hub's clock reads `hubNow`; by default, the one announced last. */
  delayMs(hubNow = Number.POSITIVE_INFINITY): number {
    return this.#clock.delayMs(hubNow);
  }

  /** Records per second, as announced last; 0 if that is unknown: for live topics, and for records with time stamps. */
  get rate(): number {
    const segment = this.#clock.latest?.segment;
    return segment === undefined ? 0 : recordsPerSecond(segment);
  }

  /** Time between two records at the playhead; undefined for live topics, and for records with time stamps. */
  periodMs(playhead: number): number | undefined {
    const segment = this.#clock.segmentAt(playhead);
    const rate = segment === undefined ? 0 : recordsPerSecond(segment);
    return rate === 0 ? undefined : 1000 / rate;
  }

  /** Whether any record has arrived, drawable or not. */
  get hasRecords(): boolean {
    return this.#gaps.newest.seq > 0;
  }

  /** The newest record received; the same object every time. */
  get newest(): RecordPosition | undefined {
    return this.hasRecords ? this.#gaps.newest : undefined;
  }

  /** Hub time of the first publication, as long as it is in the future. */
  get startsAt(): number | undefined {
    const segment = this.#clock.latest?.segment;
    return this.hasRecords || segment === undefined ? undefined : segment.t0 / 1000;
  }

  /** Number of records that this page asked for and did not receive; each gap among them breaks the line. */
  get missed(): number {
    return this.#gaps.missed;
  }

  get windowMs(): number {
    return this.#windowMs;
  }

  /** Sets the time window; the ring grows to hold it, up to its maximum. */
  setWindow(ms: number): void {
    this.#windowMs = ms;
    this.#growRing();
  }

  /**
   * What to request from the hub when its clock reads `hubNow`, if known: everything after the newest record, but never
   * more than the window shows and the ring holds. If the newest record has left the window, only the window is
   * requested. The next `hello` is taken as the answer to this request.
   */
  joining(hubNow = Number.POSITIVE_INFINITY): Joining {
    const segment = this.#clock.latest?.segment;
    const capacityMs = this.rate === 0 ? Number.POSITIVE_INFINITY : (CAPACITY_MAX * 1000) / this.rate;
    const drawn = this.#clock.drawn(hubNow);
    const from = Math.min(drawn, this.#clock.endsAt(drawn)) - Math.min(this.#windowMs, capacityMs);
    const { seq, time } = this.#gaps.newest;
    const isVisible = this.#hello !== undefined && time >= from;
    this.#gaps.onRequest(isVisible);
    if (isVisible) return { since: `${this.#hello?.epoch}:${seq}` };
    const last = segment && recordsIn(this.#windowMs + this.delayMs(), segment);
    // The number of records in the window is unknown; use the backfill configured for the topic.
    return last === undefined ? undefined : { last: Math.min(CAPACITY_MAX, last) };
  }

  /**
   * Messages that bring another buffer to the same state, without records from before the window. If that takes more
   * than `most` samples, no records are included, and the hub has to be asked for them.
   */
  snapshot(hubNow: number, most: number): HubMessage[] {
    if (this.#hello === undefined) return [];
    const { end } = this.#clock;
    const from = this.playhead(hubNow) - this.#windowMs;
    const states = this.#clock.statesFrom(from).map(stateMessage);
    const hello: Hello = { ...this.#hello, recovered: null, states };
    const records = snapshotMessages(this.samples(), from, this.fields, most);
    const breaks = this.#gaps.breaks.map((at) => jumpAt(at, this.#gaps.newest.seq + 1));
    const messages: HubMessage[] = [hello, ...records, ...breaks];
    return end === undefined ? messages : [...messages, end];
  }

  /**
   * The instant to show when the hub's clock reads `hubNow`. It stands still where the timeline is paused or has ended.
   */
  playhead(hubNow: number): number {
    return this.#clock.playhead(hubNow);
  }

  /** The instant to show if the timeline were neither paused nor over. */
  drawn(hubNow: number): number {
    return this.#clock.drawn(hubNow);
  }

  hasEnded(hubNow: number): boolean {
    return this.playhead(hubNow) >= this.#clock.endsAt(this.drawn(hubNow));
  }

  /** Whether a record that is due at the playhead has not arrived, with one period of tolerance. */
  isStarving(playhead: number): boolean {
    const { seq, time } = this.#gaps.newest;
    if (seq === 0 || time >= playhead) return false;
    return this.#clock.dueAfter(seq, playhead) + (this.periodMs(playhead) ?? 0) <= playhead;
  }

  /**
   * The instant up to which the line is complete when the playhead is at `playhead`: beyond it a record is due that has
   * not arrived, or might be.
   */
  completeUntil(playhead: number): number {
    const { seq, time } = this.#gaps.newest;
    if (seq === 0) return playhead;
    return Math.max(time, Math.min(playhead, this.#clock.dueAfter(seq, playhead)));
  }

  /** The samples, in place. The same object every time; every message may change it. */
  samples(): Samples {
    return this.#ring.samples();
  }

  #onHello(hello: Hello): void {
    // A hub that is behind our newest record and has not resumed from our position has a different history.
    const hasResumed = hello.recovered === true && this.#gaps.expectsNext;
    const isBehind = hello.seq < this.#gaps.newest.seq && !hasResumed;
    if (hello.epoch !== this.epoch || isBehind) this.#restart();
    this.#fields.relabel(hello.fields);
    this.#hello = hello;
    this.#viewers = hello.viewers;
    this.#clock.onHello(hello);
    this.#growRing();
  }

  #onGap({ from, to }: Gap): void {
    // A gap without a range means that the hub does not know our position, so the records before it are void too.
    if (from === null) this.#restart();
    else this.#gaps.onGap(from, to);
  }

  #appendAll({ seq, t, dt, data }: Batch): void {
    for (const [i, record] of data.entries()) {
      const offset = typeof dt === "number" ? dt * i : (dt[i] ?? 0);
      this.#append(seq + i, t + offset, record, { holder: data, key: i });
    }
  }

  #append(seq: number, t: number, record: Json, place: RecordPlace): void {
    if (seq <= this.#gaps.newest.seq) return;
    const time = t / 1000;
    // Time never decreases with `seq`; records with equal time stamps share theirs. If it does, trust the hub and drop the
    // older records.
    if (time < this.#gaps.newest.time) this.#restart();
    const before = this.#gaps.newest.time;
    const isBroken = this.#gaps.accept(seq, time) || this.#clock.wasPaused(before, time);
    if (isBroken && this.#ring.length > 0) this.#ring.push((before + time) / 2, Number.NaN);
    this.#store(seq, time, record, place);
  }

  /** A record without a number for a field breaks that field's line instead of being interpolated. */
  #store(seq: number, time: number, record: Json, place: RecordPlace): void {
    if (this.rate === 0) this.#growRing();
    this.#ring.push(time, seq);
    this.#fields.read(record, this.#put);
    for (let i = 0; i < this.fields.length; i += 1) {
      const spelling = readSpelling(record, this.fields[i] as Field, place);
      if (spelling !== undefined) this.#ring.spell(i, spelling);
    }
  }

  /** Makes room for the window at the rate announced last. Never shrinks: records of a faster rate may be in it. */
  #growRing(): void {
    const segment = this.#clock.latest?.segment;
    const keptMs = this.#windowMs + this.delayMs() + CAPACITY_MARGIN_MS;
    const known = segment && recordsIn(keptMs, segment);
    const wanted = known ?? this.#capacityFor(keptMs);
    const share = FIELDS_AT_CAPACITY_MAX / Math.max(FIELDS_AT_CAPACITY_MAX, this.fields.length);
    this.#ring.grow(Math.min(CAPACITY_MAX * share, wanted));
  }

  /** For an unknown rate: doubles the capacity when the next record would overwrite one that is still needed. */
  #capacityFor(keptMs: number): number {
    const { times, begin } = this.samples();
    const { capacity, length } = this.#ring;
    const isTight = length === capacity && (times[begin] as number) > this.#gaps.newest.time - keptMs;
    return isTight ? 2 * capacity : CAPACITY_UNKNOWN_RATE;
  }

  #restart(): void {
    this.#ring.clear();
    this.log.clear();
    this.#fields.clear();
    this.#gaps.clear();
    this.#clock.clearEnd();
  }
}
