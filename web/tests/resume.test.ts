/**
 * The whole of resuming, with chance in charge: losses, gaps told and untold, reloads, rests, long absences and new
 * epochs in any order. Whatever happens, the window holds all it could be given, once; the line breaks where there
 * is a hole or a rest, and nowhere else; and what is missing is counted.
 */

import { expect, test } from "vitest";
import type { HubMessage, Joining, Json } from "../src/client/protocol";
import { decode } from "../src/client/protocol/decode";
import { RECORDS_MAX, Session } from "../src/session";
import { Timeline } from "../src/timeline";
import { dueAt, hello, PERIOD, segment } from "./messages";
import { seeded } from "./random";

const WINDOW_MS = 2_000;
const DELAY_MS = 150;
const STEPS = 120;
/** Of a newcomer, where the hub's limit allows as many. */
const BACKFILL = 300;

/** A hub as the contract has it, that looks at no clock and now and then withholds a record. */
class Hub {
  epoch = 1;
  seq = 50;
  /** Records that no viewer of this test was ever given. */
  readonly withheld = new Set<string>();
  /** Records that are the first after a rest. */
  readonly afterRest = new Set<string>();
  readonly #rests: { readonly first: number; readonly length: number }[] = [];
  readonly #recoverMax: number;

  constructor(recoverMax: number) {
    this.#recoverMax = recoverMax;
  }

  /** In milliseconds: the newest record is due just now. */
  get now(): number {
    return this.dueAt(this.seq) / 1000;
  }

  /** How many records a newcomer gets. */
  get backfill(): number {
    return Math.min(BACKFILL, this.#recoverMax);
  }

  /** In microseconds: later by every rest before it. */
  dueAt(seq: number): number {
    return this.#rests.reduce((due, { first, length }) => (first <= seq ? due + length : due), dueAt(seq));
  }

  id(seq: number): string {
    return `e${this.epoch}:${seq}`;
  }

  withhold(from: number, to: number): void {
    for (let seq = from; seq <= to; seq += 1) this.withheld.add(this.id(seq));
  }

  restart(): void {
    this.epoch += 1;
  }

  /** Everything from hello to the end of the backfill. */
  join(joining: Joining): Json[] {
    if (joining === undefined) return [this.#hello(null)];
    if ("last" in joining) return this.#asMany(Math.min(joining.last, this.seq));
    const [epoch, seq] = joining.since.split(":");
    if (epoch !== `e${this.epoch}`) {
      const gap = { type: "gap", from: null, to: null, reason: "epoch" };
      return [this.#hello(false), gap, ...this.#newest(this.backfill)];
    }
    return this.#asMany(this.seq - Number(seq));
  }

  /** The newest so many, as far as the limit allows; of the others, that they are not sent. */
  #asMany(count: number): Json[] {
    if (count <= this.#recoverMax) return [this.#hello(true), ...this.#newest(count)];
    const [from, to] = [this.seq - count + 1, this.seq - this.#recoverMax];
    this.withhold(from, to);
    const gap = { type: "gap", from, to, reason: "expired" };
    return [this.#hello(false), gap, ...this.#newest(this.#recoverMax)];
  }

  /** The timeline stands still for so many periods, and goes on. */
  rest(periods: number): { messages: Json[]; overAt: number } {
    const [from, length] = [this.dueAt(this.seq) + PERIOD / 2, periods * PERIOD];
    this.#rests.push({ first: this.seq + 1, length });
    this.afterRest.add(this.id(this.seq + 1));
    const state = (t: number, playing: boolean): Json => {
      const timeline = { ...segment, playing } as unknown as Json;
      return { type: "state", t, timeline, delay: DELAY_MS * 1000, by: null };
    };
    return { messages: [state(from, false), state(from + length, true)], overAt: (from + length) / 1000 };
  }

  /** The next so many records, as one message. */
  go(count: number, form: number): Json {
    this.seq += count;
    const seq = this.seq - count + 1;
    if (count === 1) return { type: "data", seq, t: this.dueAt(seq), data: { value: valueAt(seq) } };
    return this.#batch(seq, count, form < 0.5);
  }

  #hello(recovered: boolean | null): Json {
    const said = hello({ epoch: `e${this.epoch}`, seq: this.seq, now: this.dueAt(this.seq), recovered });
    return said as unknown as Json;
  }

  #newest(count: number): Json[] {
    const batches: Json[] = [];
    const first = Math.max(1, this.seq - count + 1);
    // Cut where all joiners have the same pieces.
    for (let seq = first; seq <= this.seq; ) {
      const next = Math.min(this.seq + 1, (Math.floor(seq / 256) + 1) * 256);
      batches.push(this.#batch(seq, next - seq, true));
      seq = next;
    }
    return batches;
  }

  #batch(seq: number, count: number, isEven: boolean): Json {
    // What comes late is not withheld any more.
    for (let i = 0; i < count; i += 1) this.withheld.delete(this.id(seq + i));
    const t = this.dueAt(seq);
    const offsets = Array.from({ length: count }, (_, i) => this.dueAt(seq + i) - t);
    const data = offsets.map((_, i) => ({ value: valueAt(seq + i) }));
    const canBeEven = offsets.at(-1) === (count - 1) * PERIOD;
    return { type: "batch", seq, t, dt: isEven && canBeEven ? PERIOD : offsets, data };
  }
}

/** So that a value in a wrong place is seen. */
function valueAt(seq: number): number {
  return (seq * 7_919) % 1_009;
}

/** What the page should say is missing, record by record: what it wanted, between records that it got. */
class Ledger {
  #epoch = "";
  #earlier = 0;
  #given: number[] = [];
  readonly #unwanted = new Set<string>();

  get missed(): number {
    let missed = this.#earlier;
    for (const [i, seq] of this.#given.entries()) {
      for (let lost = (this.#given[i - 1] ?? seq) + 1; lost < seq; lost += 1)
        if (!this.#unwanted.has(`${this.#epoch}:${lost}`)) missed += 1;
    }
    return missed;
  }

  /** Whoever asks for the newest does not want what lies before them. */
  ask(joining: Joining, newest: number): void {
    if (joining === undefined || !("last" in joining)) return;
    for (let seq = (this.#given.at(-1) ?? newest) + 1; seq <= newest - joining.last; seq += 1)
      this.#unwanted.add(`${this.#epoch}:${seq}`);
  }

  note(message: HubMessage): void {
    if (message.type === "hello" && message.epoch !== this.#epoch) {
      this.#earlier = this.missed;
      this.#given = [];
      this.#epoch = message.epoch;
    }
    if (message.type !== "data" && message.type !== "batch") return;
    const count = message.type === "data" ? 1 : message.data.length;
    for (let seq = message.seq; seq < message.seq + count; seq += 1)
      if (seq > (this.#given.at(-1) ?? 0)) this.#given.push(seq);
  }

  /** A reload remembers nothing but what is visible. */
  forget(isVisible: (seq: number) => boolean): void {
    this.#earlier = 0;
    this.#given = this.#given.filter(isVisible);
  }
}

class Page {
  timeline = new Timeline(WINDOW_MS);
  readonly ledger = new Ledger();
  readonly #items = new Map<string, string>();
  readonly #session = new Session({
    store: () => ({
      getItem: (key) => this.#items.get(key) ?? null,
      setItem: (key, text) => this.#items.set(key, text),
      removeItem: (key) => this.#items.delete(key),
    }),
    topic: "ecg",
    windowMs: WINDOW_MS,
  });

  hear(messages: readonly Json[]): void {
    for (const message of messages) {
      const decoded = decode(JSON.stringify(message));
      if (decoded === undefined) throw new Error(`not understood: ${JSON.stringify(message)}`);
      this.timeline.apply(decoded);
      this.ledger.note(decoded);
    }
  }

  join(hub: Hub): Joining {
    const joining = this.timeline.joining(hub.now);
    this.ledger.ask(joining, hub.seq);
    this.hear(hub.join(joining));
    return joining;
  }

  reload(hub: Hub): void {
    const hubAt = hub.now;
    this.ledger.forget((seq) => hub.dueAt(seq) / 1000 > hubAt - DELAY_MS - WINDOW_MS);
    this.#session.write(
      { messages: this.timeline.recording(hubAt, RECORDS_MAX), hubAt, wallAt: 0 },
      WINDOW_MS,
    );
    this.timeline = new Timeline(WINDOW_MS);
    for (const message of this.#session.read()?.messages ?? []) this.timeline.apply(message);
  }
}

/** Every promise about the picture, held against all that the hub has ever sent. */
function check(page: Page, hub: Hub, since: number, where: string): void {
  const { times, columns, seqs, begin, end } = page.timeline.samples();
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
    // A line is drawn from each sample to the next, so they must be neighbours; if they are, it must be drawn.
    const isNeighbour = seq === before + 1 && !hub.afterRest.has(hub.id(seq));
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
  if (page.timeline.missed !== page.ledger.missed)
    expect.fail(`${where}: ${page.timeline.missed} missed, not ${page.ledger.missed}`);
}

test.each([60, 100_000])("a hub that recovers %d records at most, and 40 histories", (recoverMax) => {
  // What makes the histories worth their while; a history without it would prove nothing.
  const seen = { withheld: 0, missed: 0, reloads: 0, rests: 0, epochs: 0, windows: 0 };
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = seeded(seed);
    const upTo = (most: number) => 1 + Math.floor(random() * most);
    const hub = new Hub(recoverMax);
    const page = new Page();
    let since = hub.seq + 1;
    page.join(hub);
    const lose = (reload: boolean) => {
      if (reload) page.reload(hub);
      // Mostly short; at times longer than the window is.
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
      if (random() < 0.5) page.hear([{ type: "gap", from, to: hub.seq, reason: "slow" }]);
    };
    const rest = () => {
      const { messages, overAt } = hub.rest(upTo(100));
      page.hear(messages);
      page.timeline.playhead(overAt);
      seen.rests += 1;
    };
    for (let step = 1; step <= STEPS; step += 1) {
      const chance = random();
      if (chance < 0.2) {
        lose(chance < 0.1);
        if (chance < 0.1) seen.reloads += 1;
      } else if (chance < 0.3) withhold();
      else if (chance < 0.35) rest();
      else page.hear([hub.go(upTo(30), random())]);
      check(page, hub, since, `seed ${seed}, step ${step}`);
    }
    seen.withheld += hub.withheld.size;
    seen.missed += page.timeline.missed;
  }
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(40);
});
