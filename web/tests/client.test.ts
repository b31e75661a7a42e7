/** The client's public API, with everything around it simulated by the test. */

import { expect, test } from "vitest";
import { Client, type ClientOptions } from "../src/client/client";
import type { HubMessage } from "../src/client/protocol";
import { FakeRuntime } from "./fake_runtime";
import { batch, data, dueAt, hello, START, segment } from "./messages";

const BURST = 10;

/** A client that records what it emits. */
class TestClient extends FakeRuntime {
  readonly client: Client;
  readonly seqs: number[] = [];
  readonly events: string[] = [];

  constructor(options: Partial<ClientOptions> = {}) {
    super();
    this.client = new Client({ url: "http://hub", runtime: this.runtime, ...options });
    this.client.on("record", ({ seq }) => this.seqs.push(seq));
    this.client.on("message", ({ type }) => this.events.push(type));
    this.client.on("link", ({ kind }) => this.events.push(kind));
    this.client.open();
  }

  /** The query of the last connection. */
  get query(): string {
    return decodeURIComponent(this.urls.at(-1)?.replace(/^[^?]*/, "") ?? "");
  }

  /** Loses the connection, reconnects and receives these messages. */
  reconnect(...messages: readonly HubMessage[]): void {
    this.close();
    this.client.retryNow();
    this.open(...messages);
  }

  /** Answers all pings like a hub one millisecond away, whose clock is a second ahead of page time. */
  answer(): void {
    for (const text of this.sent.splice(0)) {
      const { id } = JSON.parse(text);
      const at = START + this.now * 1000 + 1_000_000;
      this.receive({ type: "pong", id, r: at, s: at });
    }
  }

  /** Lets a burst of probes go out and answers it. */
  measure(): void {
    for (let i = 0; i < BURST; i += 1) {
      this.answer();
      this.pass(50);
    }
  }
}

test("each message is emitted as `message`, then by its type, then as records", () => {
  const viewer = new TestClient();
  const emitted: string[] = [];
  viewer.client.on("message", ({ type }, at) => emitted.push(`message ${type} ${at}`));
  viewer.client.on("data", ({ seq }, at) => emitted.push(`data ${seq} ${at}`));
  viewer.client.on("record", ({ seq, t, data }) =>
    emitted.push(`record ${seq} ${t} ${JSON.stringify(data)}`),
  );
  viewer.now = 7;
  viewer.open(hello(), data(1));
  expect(emitted).toEqual([
    "message hello 7",
    "message data 7",
    "data 1 7",
    `record 1 ${dueAt(1)} {"value":1}`,
  ]);
  expect(viewer.client.hello).toEqual(hello());
  expect(viewer.client.link).toEqual({ kind: "live" });
});

test("a batch is split into records, evenly spaced or not", () => {
  const viewer = new TestClient();
  const instants: number[] = [];
  viewer.client.on("record", ({ t }) => instants.push(t));
  viewer.open(hello(), batch(1, 3), { type: "batch", seq: 4, t: dueAt(4), dt: [0, 7], data: [1, 2] });
  expect(viewer.seqs).toEqual([1, 2, 3, 4, 5]);
  expect(instants).toEqual([dueAt(1), dueAt(2), dueAt(3), dueAt(4), dueAt(4) + 7]);
});

test("a removed listener is not called again", () => {
  const viewer = new TestClient();
  const seqs: number[] = [];
  const off = viewer.client.on("record", ({ seq }) => {
    seqs.push(seq);
    if (seq === 2) off();
  });
  viewer.open(hello(), batch(1, 3));
  expect(seqs).toEqual([1, 2]);
});

test("each record is emitted once and in order over any number of connections", () => {
  const viewer = new TestClient();
  viewer.open(hello(), batch(1, 3));
  viewer.reconnect(hello({ seq: 5 }), batch(2, 3), data(5));
  viewer.reconnect(hello({ seq: 5, recovered: true }), data(5), data(6), data(6), data(4));
  expect(viewer.seqs).toEqual([1, 2, 3, 4, 5, 6]);
});

test("each record is emitted once and in order when moving from a draining hub to one whose clock is behind", () => {
  const viewer = new TestClient();
  viewer.open(hello(), batch(1, 100));
  viewer.pass(5_000);
  const [old] = viewer.sockets;
  const hear = (message: HubMessage) => old?.onmessage?.({ data: JSON.stringify(message) });
  hear({ type: "bye", reason: "draining", retry_ms: [0, 100] });
  viewer.pass(100);
  // 25 records, a quarter of a second: the other hub need not know the newest yet.
  expect(viewer.query).toBe("?since=e1:75");
  hear(data(101));
  hear(data(102));
  viewer.open(hello({ seq: 99, recovered: true }), batch(76, 24));
  hear(data(103));
  viewer.receive(batch(100, 3), data(103), data(104));
  expect(viewer.seqs).toEqual(Array.from({ length: 104 }, (_, i) => i + 1));
  expect(viewer.client.position).toBe("e1:104");
  expect(old?.isClosed).toBe(true);
});

test("when moving to another hub, it goes back by a quarter of a second at the rate announced last", () => {
  const viewer = new TestClient();
  const timeline = { ...segment, seq0: 101, t0: dueAt(101), rate: 1_000 };
  viewer.open(hello(), batch(1, 100));
  viewer.receive({ type: "state", t: dueAt(101), timeline, delay: 150_000, by: null }, batch(101, 900));
  viewer.pass(5_000);
  viewer.receive({ type: "bye", reason: "draining", retry_ms: [0, 0] });
  viewer.pass(100);
  expect(viewer.query).toBe("?since=e1:750");
});

test("it draws the hub's time minus the playout delay, and moves to a new delay gradually", () => {
  const viewer = new TestClient();
  expect(viewer.client.drawn()).toBeUndefined();
  const states = [{ t: START, timeline: segment, delay: 150_000, by: null }];
  viewer.open(hello({ states }));
  viewer.measure();
  const delayMs = (at: number) => (viewer.client.now(at) ?? 0) - (viewer.client.drawn(at) ?? 0);
  expect(delayMs(viewer.now)).toBeCloseTo(150, 3);
  // The hub's clock is a second ahead of page time.
  const t = START + 10_000_000;
  viewer.receive({ type: "state", t, timeline: segment, delay: 250_000, by: "configuration" });
  expect([9_150, 9_350, 9_550, 20_000].map((at) => Math.round(delayMs(at)))).toEqual([150, 200, 250, 250]);
});

test("it joins as configured, and resumes from its own position once it has a record", () => {
  const viewer = new TestClient({ topic: "ecg", joining: { last: 20 } });
  expect(viewer.urls).toEqual(["ws://hub/ws/ecg?last=20"]);
  viewer.open(hello());
  viewer.reconnect(hello());
  expect(viewer.query).toBe("?last=20");
  viewer.receive(batch(1, 3));
  expect(viewer.client.position).toBe("e1:3");
  viewer.reconnect(hello({ seq: 3 }));
  expect(viewer.query).toBe("?since=e1:3");
});

test("it resumes from a stored position", () => {
  expect(new TestClient({ joining: { since: "e1:7" } }).query).toBe("?since=e1:7");
});

test("without configuration it joins as a new viewer", () => {
  expect(new TestClient().query).toBe("");
});

test("a topic set later is used from the next attempt on", () => {
  const viewer = new TestClient();
  viewer.open(hello());
  viewer.client.topic ??= viewer.client.hello?.topic;
  viewer.reconnect();
  expect(viewer.urls).toEqual(["ws://hub/ws", "ws://hub/ws/ecg"]);
});

test("a `joining` function is called for every attempt and overrides the position", () => {
  const answers = [{ since: "e1:7" }, { last: 5 }, undefined];
  const viewer = new TestClient({ joining: () => answers.shift() });
  const queries = [viewer.query];
  viewer.open(hello());
  for (let i = 0; i < 2; i += 1) {
    viewer.reconnect(hello(), data(i + 1));
    queries.push(viewer.query);
  }
  expect(queries).toEqual(["?since=e1:7", "?last=5", ""]);
});

test("an error in the `joining` function is reported, and the client resumes from its own position", () => {
  let isBroken = false;
  const viewer = new TestClient({
    joining: () => {
      if (isBroken) throw new Error("no storage");
      return undefined;
    },
  });
  viewer.open(hello(), data(1));
  isBroken = true;
  viewer.reconnect(hello());
  expect(viewer.reported).toEqual([new Error("no storage")]);
  expect(viewer.query).toBe("?since=e1:1");
});

test("the position advances even without record listeners", () => {
  const fake = new FakeRuntime();
  const client = new Client({ url: "ws://hub", runtime: fake.runtime });
  client.open();
  expect(client.position).toBeUndefined();
  fake.open(hello(), batch(1, 3), data(4));
  expect(client.position).toBe("e1:4");
});

test("a gap is emitted, and the missing records may still arrive", () => {
  const viewer = new TestClient();
  const gaps: unknown[] = [];
  viewer.client.on("gap", ({ from, to, reason }) => gaps.push([from, to, reason]));
  viewer.open(hello(), batch(1, 3), { type: "gap", from: 4, to: 9, reason: "slow" });
  expect(viewer.client.position).toBe("e1:3");
  viewer.reconnect(hello({ seq: 9, recovered: true }), batch(4, 6));
  expect(gaps).toEqual([[4, 9, "slow"]]);
  expect(viewer.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test.each([
  ["another epoch", hello({ epoch: "e2", seq: 2, recovered: false }), "epoch"],
  ["a hub that does not know it", hello({ seq: 2, recovered: false }), "future"],
])("a position that is void for %s is forgotten, and records start over", (_, greeting, reason) => {
  const viewer = new TestClient();
  viewer.open(hello(), batch(1, 3));
  viewer.reconnect(greeting, { type: "gap", from: null, to: null, reason }, batch(1, 2));
  expect(viewer.seqs).toEqual([1, 2, 3, 1, 2]);
  expect(viewer.client.position).toBe(`${greeting.epoch}:2`);
});

test("a hub that is behind and was asked for the newest records has a different history", () => {
  const viewer = new TestClient({ joining: () => ({ last: 2 }) });
  viewer.open(hello({ seq: 3, recovered: true }), batch(2, 2));
  viewer.reconnect(hello({ seq: 2, recovered: true }), batch(1, 2));
  expect(viewer.seqs).toEqual([2, 3, 1, 2]);
});

test("an error in a listener is reported and does not affect other listeners", () => {
  const viewer = new TestClient();
  const seqs: number[] = [];
  const error = new Error("mine");
  for (const event of ["hello", "message", "record", "link"] as const)
    viewer.client.on(event, () => {
      throw error;
    });
  viewer.client.on("record", ({ seq }) => seqs.push(seq));
  viewer.open(hello(), batch(1, 2));
  expect(seqs).toEqual([1, 2]);
  // The link, hello as `message` and as `hello`, the batch as `message`, and two records.
  expect(viewer.reported).toEqual(Array(6).fill(error));
  viewer.reconnect(hello());
  expect(viewer.client.link.kind).toBe("live");
});

test("after close nothing runs and nothing is emitted", () => {
  const viewer = new TestClient();
  viewer.open(hello(), data(1));
  viewer.client.on("record", ({ seq }) => seq === 3 && viewer.client.close());
  viewer.receive(batch(2, 5), data(7));
  expect(viewer.seqs).toEqual([1, 2, 3]);
  expect(viewer.client.position).toBe("e1:3");
  expect(viewer.client.link).toEqual({ kind: "closed" });
  expect(viewer.events.at(-1)).toBe("closed");
  viewer.client.open();
  viewer.client.retryNow();
  expect(viewer.urls).toHaveLength(1);
  expect([viewer.timers, viewer.returnListeners.size, viewer.socket?.isClosed]).toEqual([0, 0, true]);
});

test("it knows the hub's time once a burst of probes is answered, and keeps it while disconnected", () => {
  const viewer = new TestClient();
  viewer.now = 100_000;
  viewer.open(hello());
  expect(viewer.client.now()).toBeUndefined();
  viewer.measure();
  const isRight = () => expect(viewer.client.now()).toBeCloseTo(START / 1000 + viewer.now + 1_000, 2);
  isRight();
  // Over the half second of the burst, NTP may have changed either clock by 500 millionths.
  expect(viewer.client.clock.errorBound(viewer.now)).toBeLessThanOrEqual(0.25);
  viewer.close();
  viewer.pass(100);
  isRight();
});

test("pings carry no negative number, whatever the page's clock reads", () => {
  const fake = new FakeRuntime();
  fake.now = -1_000_000;
  const client = new Client({ url: "http://hub", runtime: fake.runtime });
  client.open();
  fake.open(hello());
  fake.pass(100);
  expect(fake.sent.map((text) => JSON.parse(text).id)).toEqual([0, 50_000, 100_000]);
});

test("a hidden page sends nothing, not even after hello, and still receives records", () => {
  const viewer = new TestClient();
  viewer.open(hello());
  viewer.measure();
  viewer.isHidden = true;
  viewer.pass(3_600_000);
  viewer.reconnect(hello({ seq: 1 }), data(1));
  viewer.pass(3_600_000);
  expect(viewer.sent).toEqual([]);
  expect(viewer.seqs).toEqual([1]);
  expect(viewer.client.link.kind).toBe("live");
});

test("returning to a connected page causes one burst of probes", () => {
  const viewer = new TestClient();
  viewer.open(hello());
  viewer.measure();
  viewer.isHidden = true;
  viewer.pass(60_000);
  viewer.returnToPage();
  viewer.pass(450);
  expect(viewer.sent).toHaveLength(BURST);
  expect(viewer.urls).toHaveLength(1);
});

test("returning to a disconnected page retries immediately, and probes after hello", () => {
  const viewer = new TestClient();
  viewer.open(hello());
  viewer.measure();
  viewer.close();
  viewer.sent.length = 0;
  viewer.returnToPage();
  expect(viewer.urls).toHaveLength(2);
  viewer.pass(450);
  expect(viewer.sent).toEqual([]);
  viewer.open(hello());
  viewer.pass(450);
  expect(viewer.sent).toHaveLength(BURST);
});

test("a suspend is detected at the next message, and older clock samples are dropped", () => {
  const viewer = new TestClient();
  viewer.open(hello());
  viewer.measure();
  viewer.answer();
  viewer.wallAhead += 5_000;
  viewer.receive({ type: "viewers", n: 2 });
  expect(viewer.client.clock.errorBound(viewer.now)).toBeUndefined();
  viewer.pass(450);
  expect(viewer.sent).toHaveLength(BURST);
});
