/**
 * Resuming under random events: losses, announced and unannounced gaps, reloads, pauses, long absences and new epochs
 * in any order. Whatever happens, the window contains every record it could have been given, once; the line breaks
 * exactly where there is a hole or a pause; and missing records are counted.
 */

import { expect, test } from "vitest";
import type { HubMessage, Joining, Json } from "../src/client/protocol";
import { decode } from "../src/client/protocol/decode";
import { RECORDS_MAX, SnapshotStore } from "../src/snapshot_store";
import { TopicBuffer } from "../src/topic_buffer";
import { dueAt, hello, PERIOD, segment } from "./messages";
import { seeded } from "./samples";

const WINDOW_MS = 2_000;
const DELAY_MS = 150;
const STEPS = 120;
/** Backfill of a new viewer, if the hub's limit allows it. */
const BACKFILL = 300;

/** A hub that follows the protocol, uses no clock, and sometimes withholds records. */
class Hub {
  epoch = 1;
  seq = 50;
  /** Records that were never sent to the page. */
  readonly withheld = new Set<string>();
  /** Records that are the first after a pause. */
  readonly afterPause = new Set<string>();
  readonly #pauses: { readonly first: number; readonly length: number }[] = [];
  readonly #recoverMax: number;
  /** Every state of the timeline; undefined for an earlier version of the hub, which sends none in `hello`. */
  #states: { readonly t: number; readonly [field: string]: Json }[] | undefined;

  constructor(recoverMax: number, hasStates: boolean) {
    this.#recoverMax = recoverMax;
    this.#states = hasStates ? [stateOf(dueAt(1), true)] : undefined;
  }

  /** The hub's time in milliseconds: the newest record is due now. */
  get now(): number {
    return this.dueAt(this.seq) / 1000;
  }

  /** Number of records that a new viewer gets. */
  get backfill(): number {
    return Math.min(BACKFILL, this.#recoverMax);
  }

  /** The instant of a record in microseconds, delayed by every pause before it. */
  dueAt(seq: number): number {
    return this.#pauses.reduce((due, { first, length }) => (first <= seq ? due + length : due), dueAt(seq));
  }

  id(seq: number): string {
    return `e${this.epoch}:${seq}`;
  }

  withhold(from: number, to: number): void {
    for (let seq = from; seq <= to; seq += 1) this.withheld.add(this.id(seq));
  }

  /** Starts a timeline that was never paused, with the records at the same instants. */
  restart(): void {
    this.epoch += 1;
    this.#states = this.#states?.slice(0, 1);
  }

  /** All messages from hello to the end of the backfill. */
  join(joining: Joining): Json[] {
    if (joining === undefined) return [this.#hello(null, 0)];
    if ("last" in joining) return this.#lastRecords(Math.min(joining.last, this.seq));
    const [epoch, seq] = joining.since.split(":");
    if (epoch !== `e${this.epoch}`) {
      const gap = { type: "gap", from: null, to: null, reason: "epoch" };
      return [this.#hello(false, this.backfill), gap, ...this.#newest(this.backfill)];
    }
    return this.#lastRecords(this.seq - Number(seq));
  }

  /** The newest `count` records, up to the limit, and a gap for the others. */
  #lastRecords(count: number): Json[] {
    if (count <= this.#recoverMax) return [this.#hello(true, count), ...this.#newest(count)];
    const [from, to] = [this.seq - count + 1, this.seq - this.#recoverMax];
    this.withhold(from, to);
    const gap = { type: "gap", from, to, reason: "expired" };
    return [this.#hello(false, this.#recoverMax), gap, ...this.#newest(this.#recoverMax)];
  }

  /** Pauses the timeline for this many periods. */
  pause(periods: number): { messages: Json[]; overAt: number } {
    const [from, length] = [this.dueAt(this.seq) + PERIOD / 2, periods * PERIOD];
    this.#pauses.push({ first: this.seq + 1, length });
    this.afterPause.add(this.id(this.seq + 1));
    const states = [stateOf(from, false), stateOf(from + length, true)];
    this.#states = this.#states && [...this.#states.filter(({ t }) => t < from), ...states];
    return { messages: states, overAt: (from + length) / 1000 };
  }

  /** The next `count` records, as one message. */
  go(count: number, form: number): Json {
    this.seq += count;
    const seq = this.seq - count + 1;
    if (count === 1) return { type: "data", seq, t: this.dueAt(seq), data: { value: valueAt(seq) } };
    return this.#batch(seq, count, form < 0.5);
  }

  /** `hello` before `count` records. */
  #hello(recovered: boolean | null, count: number): Json {
    const now = this.dueAt(this.seq);
    const states = this.#statesFrom(Math.min(now - DELAY_MS * 1000, this.dueAt(this.seq - count + 1)));
    const said = hello({ epoch: `e${this.epoch}`, seq: this.seq, now, recovered });
    return { ...(said as unknown as { [field: string]: Json }), ...states };
  }

  /** The state in force at an instant, and every later one. */
  #statesFrom(instant: number): { states?: Json[] } {
    if (this.#states === undefined) return {};
    const before = this.#states.filter(({ t }) => t <= instant).length;
    return { states: this.#states.slice(Math.max(0, before - 1)) };
  }

  #newest(count: number): Json[] {
    const batches: Json[] = [];
    const first = Math.max(1, this.seq - count + 1);
    // Split at block boundaries, as for all joining viewers.
    for (let seq = first; seq <= this.seq; ) {
      const next = Math.min(this.seq + 1, (Math.floor(seq / 256) + 1) * 256);
      batches.push(this.#batch(seq, next - seq, true));
      seq = next;
    }
    return batches;
  }

  #batch(seq: number, count: number, isEven: boolean): Json {
    // Records sent late are no longer withheld.
    for (let i = 0; i < count; i += 1) this.withheld.delete(this.id(seq + i));
    const t = this.dueAt(seq);
    const offsets = Array.from({ length: count }, (_, i) => this.dueAt(seq + i) - t);
    const data = offsets.map((_, i) => ({ value: valueAt(seq + i) }));
    const canBeEven = offsets.at(-1) === (count - 1) * PERIOD;
    return { type: "batch", seq, t, dt: isEven && canBeEven ? PERIOD : offsets, data };
  }
}

function stateOf(t: number, playing: boolean): { readonly t: number; readonly [field: string]: Json } {
  const timeline = { ...segment, playing } as unknown as Json;
  return { type: "state", t, timeline, delay: DELAY_MS * 1000, by: null };
}

/** A value per record that reveals misplaced records. */
function valueAt(seq: number): number {
  return (seq * 7_919) % 1_009;
}

/**
 * Computes independently how many records the page should report as missed: those it requested, between records it
 * received.
 */
class Ledger {
  #epoch = "";
  #earlier = 0;
  #received: number[] = [];
  readonly #unwanted = new Set<string>();

  get missed(): number {
    let missed = this.#earlier;
    for (const [i, seq] of this.#received.entries()) {
      for (let lost = (this.#received[i - 1] ?? seq) + 1; lost < seq; lost += 1)
        if (!this.#unwanted.has(`${this.#epoch}:${lost}`)) missed += 1;
    }
    return missed;
  }

  /** A request for the newest records does not cover the ones before them. */
  ask(joining: Joining, newest: number): void {
    if (joining === undefined || !("last" in joining)) return;
    for (let seq = (this.#received.at(-1) ?? newest) + 1; seq <= newest - joining.last; seq += 1)
      this.#unwanted.add(`${this.#epoch}:${seq}`);
  }

  note(message: HubMessage): void {
    if (message.type === "hello" && message.epoch !== this.#epoch) {
      this.#earlier = this.missed;
      this.#received = [];
      this.#epoch = message.epoch;
    }
    if (message.type !== "data" && message.type !== "batch") return;
    const count = message.type === "data" ? 1 : message.data.length;
    for (let seq = message.seq; seq < message.seq + count; seq += 1)
      if (seq > (this.#received.at(-1) ?? 0)) this.#received.push(seq);
  }

  /** A reload keeps only what is visible. */
  forget(isVisible: (seq: number) => boolean): void {
    this.#earlier = 0;
    this.#received = this.#received.filter(isVisible);
  }
}

class Page {
  buffer = new TopicBuffer(WINDOW_MS);
  readonly ledger = new Ledger();
  readonly #items = new Map<string, string>();
  readonly #session = new SnapshotStore({
    store: () => ({
      getItem: (key) => this.#items.get(key) ?? null,
      setItem: (key, text) => this.#items.set(key, text),
      removeItem: (key) => this.#items.delete(key),
    }),
    topic: "ecg",
    windowMs: WINDOW_MS,
  });

  apply(messages: readonly Json[]): void {
    for (const message of messages) {
      const decoded = decode(JSON.stringify(message));
      if (decoded === undefined) throw new Error(`cannot decode: ${JSON.stringify(message)}`);
      this.buffer.apply(decoded);
      this.ledger.note(decoded);
    }
  }

  join(hub: Hub): Joining {
    const joining = this.buffer.joining(hub.now);
    this.ledger.ask(joining, hub.seq);
    this.apply(hub.join(joining));
    return joining;
  }

  reload(hub: Hub): void {
    const hubAt = hub.now;
    // While the drawn instant is within a pause, the picture stands still.
    const from = this.buffer.playhead(hubAt) - WINDOW_MS;
    this.ledger.forget((seq) => hub.dueAt(seq) / 1000 > from);
    this.#session.write({ messages: this.buffer.snapshot(hubAt, RECORDS_MAX), hubAt, wallAt: 0 }, WINDOW_MS);
    this.buffer = new TopicBuffer(WINDOW_MS);
    for (const message of this.#session.read()?.messages ?? []) this.buffer.apply(message);
  }
}

/** Checks all guarantees about the picture against everything the hub has sent. */
function check(page: Page, hub: Hub, since: number, where: string): void {
  const { times, columns, seqs, begin, end } = page.buffer.samples();
  const values = columns[0] ?? new Float64Array(0);
  const from = hub.now - DELAY_MS - WINDOW_MS;
  const visible = new Set<number>();
  let before = Number.NaN;
  let isBroken = false;
  for (let i = begin; i < end; i += 1) {
    const [time, seq] = [times[i] as number, seqs[i] as number];
    if (i > begin && !(time > (times[i - 1] as number))) expect.fail(`${where}: time stands still at ${i}`);
    if (Number.isNaN(seq)) {
      isBroken = true;
      continue;
    }
    // A line is drawn between neighbours, and only between neighbours.
    const isNeighbour = seq === before + 1 && !hub.afterPause.has(hub.id(seq));
    if (!Number.isNaN(before) && isBroken === isNeighbour)
      expect.fail(`${where}: ${isBroken ? "no line" : "a line"} from ${before} to ${seq}`);
    if (values[i] !== valueAt(seq) || time !== hub.dueAt(seq) / 1000)
      expect.fail(`${where}: ${seq} is misplaced`);
    if (visible.has(seq)) expect.fail(`${where}: ${seq} twice`);
    visible.add(seq);
    before = seq;
    isBroken = false;
  }
  for (let seq = Math.max(since, 1); seq <= hub.seq; seq += 1) {
    const isDue = hub.dueAt(seq) / 1000 > from;
    if (isDue && visible.has(seq) === hub.withheld.has(hub.id(seq))) expect.fail(`${where}: ${seq} is wrong`);
  }
  if (page.buffer.missed !== page.ledger.missed)
    expect.fail(`${where}: ${page.buffer.missed} missed, not ${page.ledger.missed}`);
}

test.each([
  [60, "with states in hello"],
  [100_000, "with states in hello"],
  [60, "of an earlier hub, without"],
])(
  "the window is complete after 40 random histories with a recovery limit of %d, %s",
  (recoverMax, version) => {
    // Events that must occur for the test to be meaningful.
    const seen = { withheld: 0, missed: 0, reloads: 0, pauses: 0, epochs: 0, windows: 0 };
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = seeded(seed);
      const upTo = (most: number) => 1 + Math.floor(random() * most);
      const hub = new Hub(recoverMax, version.startsWith("with"));
      const page = new Page();
      let since = hub.seq + 1;
      page.join(hub);
      const lose = (reload: boolean) => {
        if (reload) page.reload(hub);
        // Mostly short, sometimes longer than the window.
        hub.go(random() < 0.8 ? upTo(120) : upTo(900), 0);
        if (random() < 0.1) {
          hub.restart();
          since = hub.seq - hub.backfill + 1;
          seen.epochs += 1;
        }
        const joining = page.join(hub);
        if (joining === undefined || !("last" in joining)) return;
        since = Math.max(since, hub.seq - joining.last + 1);
        seen.windows += 1;
      };
      const withhold = () => {
        const from = hub.seq + 1;
        hub.go(upTo(20), 0);
        hub.withhold(from, hub.seq);
        if (random() < 0.5) page.apply([{ type: "gap", from, to: hub.seq, reason: "slow" }]);
      };
      const pause = () => {
        const { messages, overAt } = hub.pause(upTo(100));
        page.apply(messages);
        page.buffer.playhead(overAt);
        seen.pauses += 1;
      };
      for (let step = 1; step <= STEPS; step += 1) {
        const chance = random();
        if (chance < 0.2) {
          lose(chance < 0.1);
          if (chance < 0.1) seen.reloads += 1;
        } else if (chance < 0.3) withhold();
        else if (chance < 0.35) pause();
        else page.apply([hub.go(upTo(30), random())]);
        check(page, hub, since, `seed ${seed}, step ${step}`);
      }
      seen.withheld += hub.withheld.size;
      seen.missed += page.buffer.missed;
    }
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(40);
  },
);
