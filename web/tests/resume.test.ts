/**
 * The whole of resuming, with chance in charge: losses, gaps told and untold, reloads, long absences and new
 * epochs in any order. Whatever happens, the window holds all it could be given, once, and no line crosses a hole.
 */

import { expect, test } from "vitest";
import type { Joining, Json } from "../src/protocol";
import { decode } from "../src/protocol/decode";
import { RECORDS_MAX, Session } from "../src/session";
import { Timeline } from "../src/timeline";
import { dueAt, hello, PERIOD, START } from "./messages";
import { seeded } from "./random";

const WINDOW_MS = 2_000;
const DELAY_MS = 150;
const STEPS = 120;

/** A hub as the contract has it, that looks at no clock and now and then withholds a record. */
class Hub {
  epoch = 1;
  seq = 50;
  /** Records that no viewer of this test was ever given. */
  readonly withheld = new Set<string>();
  readonly #recoverMax: number;

  constructor(recoverMax: number) {
    this.#recoverMax = recoverMax;
  }

  /** In milliseconds: the newest record is due just now. */
  get now(): number {
    return dueAt(this.seq) / 1000;
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
    if ("last" in joining) return [this.#hello(true), ...this.#newest(joining.last)];
    const [epoch, seq] = joining.since.split(":");
    if (epoch !== `e${this.epoch}`) {
      const gap = { type: "gap", from: null, to: null, reason: "epoch" };
      return [this.#hello(false), gap, ...this.#newest(300)];
    }
    const missing = this.seq - Number(seq);
    if (missing <= this.#recoverMax) return [this.#hello(true), ...this.#newest(missing)];
    const [from, to] = [Number(seq) + 1, this.seq - this.#recoverMax];
    this.withhold(from, to);
    return [
      this.#hello(false),
      { type: "gap", from, to, reason: "expired" },
      ...this.#newest(this.#recoverMax),
    ];
  }

  /** The next so many records, as one message. */
  go(count: number, form: number): Json {
    this.seq += count;
    const seq = this.seq - count + 1;
    if (count === 1) return { type: "data", seq, t: dueAt(seq), data: { value: valueAt(seq) } };
    return this.#batch(seq, count, form < 0.5);
  }

  #hello(recovered: boolean | null): Json {
    const said = hello({ epoch: `e${this.epoch}`, seq: this.seq, now: dueAt(this.seq), recovered });
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
    const offsets = Array.from({ length: count }, (_, i) => i * PERIOD);
    const data = offsets.map((_, i) => ({ value: valueAt(seq + i) }));
    return { type: "batch", seq, t: dueAt(seq), dt: isEven ? PERIOD : offsets, data };
  }
}

/** So that a value in a wrong place is seen. */
function valueAt(seq: number): number {
  return (seq * 7_919) % 1_009;
}

class Page {
  timeline = new Timeline(WINDOW_MS);
  /** Before this one it was not there, and asked for nothing. */
  firstId = "";
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
    }
  }

  reload(hubAt: number): void {
    this.#session.write({ messages: this.timeline.recording(hubAt, RECORDS_MAX), hubAt, wallAt: 0 });
    this.timeline = new Timeline(WINDOW_MS);
    for (const message of this.#session.read()?.messages ?? []) this.timeline.apply(message);
  }
}

/** Every promise about the picture, held against all that the hub has ever sent. */
function check(page: Page, hub: Hub, since: number, where: string): void {
  const { times, values, seqs } = page.timeline.picture(0);
  const from = hub.now - DELAY_MS - WINDOW_MS;
  const visible = new Set<number>();
  let before = Number.NaN;
  for (let i = 0; i < seqs.length; i += 1) {
    const [time, seq] = [times[i] as number, seqs[i] as number];
    if (i > 0 && !(time > (times[i - 1] as number))) expect.fail(`${where}: time stands still at ${i}`);
    if (Number.isNaN(seq)) {
      before = Number.NaN;
      continue;
    }
    // A line is drawn from each sample to the next, so they must be neighbours.
    if (!Number.isNaN(before) && seq !== before + 1) expect.fail(`${where}: a line from ${before} to ${seq}`);
    if (values[i] !== valueAt(seq) || time !== dueAt(seq) / 1000)
      expect.fail(`${where}: ${seq} is misplaced`);
    if (visible.has(seq)) expect.fail(`${where}: ${seq} twice`);
    visible.add(seq);
    before = seq;
  }
  for (let seq = Math.max(since, 1); seq <= hub.seq; seq += 1) {
    const isDue = dueAt(seq) / 1000 > from;
    if (isDue && visible.has(seq) === hub.withheld.has(hub.id(seq))) expect.fail(`${where}: ${seq} is wrong`);
  }
}

test.each([60, 100_000])("a hub that recovers %d records at most, and 40 histories", (recoverMax) => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = seeded(seed);
    const upTo = (most: number) => 1 + Math.floor(random() * most);
    const hub = new Hub(recoverMax);
    const page = new Page();
    let since = hub.seq + 1;
    page.hear(hub.join(page.timeline.joining(hub.now)));
    const lose = (reload: boolean) => {
      if (reload) page.reload(hub.now);
      // Mostly short; at times longer than the window is.
      hub.go(random() < 0.8 ? upTo(120) : upTo(900), 0);
      if (random() < 0.1) {
        hub.restart();
        since = hub.seq - 299;
      }
      const joining = page.timeline.joining(hub.now);
      if (joining && "last" in joining) since = Math.max(since, hub.seq - joining.last + 1);
      page.hear(hub.join(joining));
    };
    for (let step = 1; step <= STEPS; step += 1) {
      const chance = random();
      if (chance < 0.1) lose(false);
      else if (chance < 0.2) lose(true);
      else if (chance < 0.3) {
        const from = hub.seq + 1;
        hub.go(upTo(20), 0);
        hub.withhold(from, hub.seq);
        if (random() < 0.5) page.hear([{ type: "gap", from, to: hub.seq, reason: "slow" }]);
      } else page.hear([hub.go(upTo(30), random())]);
      check(page, hub, since, `seed ${seed}, step ${step}`);
    }
  }
});

test("the histories above have their holes and losses, and time passes in them", () => {
  const hub = new Hub(60);
  const page = new Page();
  page.hear(hub.join(undefined));
  page.hear([hub.go(30, 0)]);
  page.reload(hub.now);
  hub.go(100, 0);
  page.hear(hub.join(page.timeline.joining(hub.now)));
  expect(page.timeline.missed).toBe(40);
  expect(hub.now).toBe((START + 179 * PERIOD) / 1000);
  check(page, hub, 51, "by hand");
});
