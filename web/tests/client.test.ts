/** The client as its user sees it, with everything around it played by the test. */

import { expect, test } from "vitest";
import { Client, type ClientOptions } from "../src/client/client";
import type { HubMessage } from "../src/client/protocol";
import { batch, data, dueAt, hello, START } from "./messages";
import { Stage } from "./stage";

const BURST = 10;

/** A client, and what it tells. */
class Viewer extends Stage {
  readonly client: Client;
  readonly seqs: number[] = [];
  readonly told: string[] = [];

  constructor(options: Partial<ClientOptions> = {}) {
    super();
    this.client = new Client({ url: "http://hub", surroundings: this.surroundings, ...options });
    this.client.on("record", ({ seq }) => this.seqs.push(seq));
    this.client.on("message", ({ type }) => this.told.push(type));
    this.client.on("link", ({ kind }) => this.told.push(kind));
    this.client.open();
  }

  /** What it asked for as it joined last. */
  get query(): string {
    return decodeURIComponent(this.urls.at(-1)?.replace(/^[^?]*/, "") ?? "");
  }

  /** The line breaks; it comes back, and is greeted. */
  comeAgain(...messages: readonly HubMessage[]): void {
    this.close();
    this.client.retryNow();
    this.open(...messages);
  }

  /** Answers all pings as a hub that is a second ahead of this page's time, a millisecond away. */
  answer(): void {
    for (const text of this.sent.splice(0)) {
      const { id } = JSON.parse(text);
      const at = START + this.now * 1000 + 1_000_000;
      this.say({ type: "pong", id, r: at, s: at });
    }
  }

  /** Lets the burst go out, and answers it. */
  measure(): void {
    for (let i = 0; i < BURST; i += 1) {
      this.answer();
      this.pass(50);
    }
  }
}

test("it tells each message, then its type, then its records, to whoever wants to know", () => {
  const viewer = new Viewer();
  const told: string[] = [];
  viewer.client.on("message", ({ type }, at) => told.push(`message ${type} ${at}`));
  viewer.client.on("data", ({ seq }, at) => told.push(`data ${seq} ${at}`));
  viewer.client.on("record", ({ seq, t, data }) => told.push(`record ${seq} ${t} ${JSON.stringify(data)}`));
  viewer.now = 7;
  viewer.open(hello(), data(1));
  expect(told).toEqual(["message hello 7", "message data 7", "data 1 7", `record 1 ${dueAt(1)} {"value":1}`]);
  expect(viewer.client.hello).toEqual(hello());
  expect(viewer.client.link).toEqual({ kind: "live" });
});

test("a batch is taken apart, at even distances or at any", () => {
  const viewer = new Viewer();
  const instants: number[] = [];
  viewer.client.on("record", ({ t }) => instants.push(t));
  viewer.open(hello(), batch(1, 3), { type: "batch", seq: 4, t: dueAt(4), dt: [0, 7], data: [1, 2] });
  expect(viewer.seqs).toEqual([1, 2, 3, 4, 5]);
  expect(instants).toEqual([dueAt(1), dueAt(2), dueAt(3), dueAt(4), dueAt(4) + 7]);
});

test("whoever is taken off the list is not told any more", () => {
  const viewer = new Viewer();
  const seqs: number[] = [];
  const off = viewer.client.on("record", ({ seq }) => {
    seqs.push(seq);
    if (seq === 2) off();
  });
  viewer.open(hello(), batch(1, 3));
  expect(seqs).toEqual([1, 2]);
});

test("each record comes once and in order over any number of connections", () => {
  const viewer = new Viewer();
  viewer.open(hello(), batch(1, 3));
  viewer.comeAgain(hello({ seq: 5 }), batch(2, 3), data(5));
  viewer.comeAgain(hello({ seq: 5, recovered: true }), data(5), data(6), data(6), data(4));
  expect(viewer.seqs).toEqual([1, 2, 3, 4, 5, 6]);
});

test("each record comes once and in order while it moves from a hub that drains to one whose clock is behind", () => {
  const viewer = new Viewer();
  viewer.open(hello(), batch(1, 100));
  viewer.pass(5_000);
  const [old] = viewer.sockets;
  const hear = (message: HubMessage) => old?.onmessage?.({ data: JSON.stringify(message) });
  hear({ type: "bye", reason: "draining", retry_ms: [0, 100] });
  viewer.pass(100);
  // A quarter of a second at a hundred records a second: the other hub need not know the newest yet.
  expect(viewer.query).toBe("?since=e1:75");
  hear(data(101));
  hear(data(102));
  viewer.open(hello({ seq: 99, recovered: true }), batch(76, 24));
  hear(data(103));
  viewer.say(batch(100, 3), data(103), data(104));
  expect(viewer.seqs).toEqual(Array.from({ length: 104 }, (_, i) => i + 1));
  expect(viewer.client.position).toBe("e1:104");
  expect(old?.isClosed).toBe(true);
});

test("it joins as it was told, and from the first record on resumes its own position", () => {
  const viewer = new Viewer({ topic: "ecg", joining: { last: 20 } });
  expect(viewer.urls).toEqual(["ws://hub/ws/ecg?last=20"]);
  viewer.open(hello());
  viewer.comeAgain(hello());
  expect(viewer.query).toBe("?last=20");
  viewer.say(batch(1, 3));
  expect(viewer.client.position).toBe("e1:3");
  viewer.comeAgain(hello({ seq: 3 }));
  expect(viewer.query).toBe("?since=e1:3");
});

test("it takes up a position that was kept", () => {
  expect(new Viewer({ joining: { since: "e1:7" } }).query).toBe("?since=e1:7");
});

test("without being told anything it joins as a newcomer", () => {
  expect(new Viewer().query).toBe("");
});

test("the topic may be settled later, and is then asked for from the next attempt on", () => {
  const viewer = new Viewer();
  viewer.open(hello());
  viewer.client.topic ??= viewer.client.hello?.topic;
  viewer.comeAgain();
  expect(viewer.urls).toEqual(["ws://hub/ws", "ws://hub/ws/ecg"]);
});

test("a function is asked at every attempt, and has the say", () => {
  const answers = [{ since: "e1:7" }, { last: 5 }, undefined];
  const viewer = new Viewer({ joining: () => answers.shift() });
  const queries = [viewer.query];
  viewer.open(hello());
  for (let i = 0; i < 2; i += 1) {
    viewer.comeAgain(hello(), data(i + 1));
    queries.push(viewer.query);
  }
  expect(queries).toEqual(["?since=e1:7", "?last=5", ""]);
});

test("where that function throws, its error is reported, and the line goes on from its own position", () => {
  let isBroken = false;
  const viewer = new Viewer({
    joining: () => {
      if (isBroken) throw new Error("no storage");
      return undefined;
    },
  });
  viewer.open(hello(), data(1));
  isBroken = true;
  viewer.comeAgain(hello());
  expect(viewer.reported).toEqual([new Error("no storage")]);
  expect(viewer.query).toBe("?since=e1:1");
});

test("a position moves also when nobody listens to records", () => {
  const stage = new Stage();
  const client = new Client({ url: "ws://hub", surroundings: stage.surroundings });
  client.open();
  expect(client.position).toBeUndefined();
  stage.open(hello(), batch(1, 3), data(4));
  expect(client.position).toBe("e1:4");
});

test("a gap is told, and what it names may still come", () => {
  const viewer = new Viewer();
  const gaps: unknown[] = [];
  viewer.client.on("gap", ({ from, to, reason }) => gaps.push([from, to, reason]));
  viewer.open(hello(), batch(1, 3), { type: "gap", from: 4, to: 9, reason: "slow" });
  expect(viewer.client.position).toBe("e1:3");
  viewer.comeAgain(hello({ seq: 9, recovered: true }), batch(4, 6));
  expect(gaps).toEqual([[4, 9, "slow"]]);
  expect(viewer.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test.each([
  ["another epoch", hello({ epoch: "e2", seq: 2, recovered: false }), "epoch"],
  ["a hub that knows nothing of it", hello({ seq: 2, recovered: false }), "future"],
])("a position that is worth nothing to %s is forgotten, and records begin anew", (_, greeting, reason) => {
  const viewer = new Viewer();
  viewer.open(hello(), batch(1, 3));
  viewer.comeAgain(greeting, { type: "gap", from: null, to: null, reason }, batch(1, 2));
  expect(viewer.seqs).toEqual([1, 2, 3, 1, 2]);
  expect(viewer.client.position).toBe(`${greeting.epoch}:2`);
});

test("a hub that stands behind, and was asked for the newest, has another past", () => {
  const viewer = new Viewer({ joining: () => ({ last: 2 }) });
  viewer.open(hello({ seq: 3, recovered: true }), batch(2, 2));
  viewer.comeAgain(hello({ seq: 2, recovered: true }), batch(1, 2));
  expect(viewer.seqs).toEqual([2, 3, 1, 2]);
});

test("a listener that throws is reported, and keeps nothing from the others", () => {
  const viewer = new Viewer();
  const seqs: number[] = [];
  const error = new Error("mine");
  for (const event of ["hello", "message", "record", "link"] as const)
    viewer.client.on(event, () => {
      throw error;
    });
  viewer.client.on("record", ({ seq }) => seqs.push(seq));
  viewer.open(hello(), batch(1, 2));
  expect(seqs).toEqual([1, 2]);
  // The link, hello as a message and as itself, the batch as a message, and two records.
  expect(viewer.reported).toEqual(Array(6).fill(error));
  viewer.comeAgain(hello());
  expect(viewer.client.link.kind).toBe("live");
});

test("closed for good: nothing runs any more, and nothing more is told", () => {
  const viewer = new Viewer();
  viewer.open(hello(), data(1));
  viewer.client.on("record", ({ seq }) => seq === 3 && viewer.client.close());
  viewer.say(batch(2, 5), data(7));
  expect(viewer.seqs).toEqual([1, 2, 3]);
  expect(viewer.client.position).toBe("e1:3");
  expect(viewer.client.link).toEqual({ kind: "closed" });
  expect(viewer.told.at(-1)).toBe("closed");
  viewer.client.open();
  viewer.client.retryNow();
  expect(viewer.urls).toHaveLength(1);
  expect([viewer.timers, viewer.returning.size, viewer.socket?.isClosed]).toEqual([0, 0, true]);
});

test("its time is the hub's once a burst of probes is answered, and goes on while the line is down", () => {
  const viewer = new Viewer();
  viewer.now = 100_000;
  viewer.open(hello());
  expect(viewer.client.now()).toBeUndefined();
  viewer.measure();
  const isRight = () => expect(viewer.client.now()).toBeCloseTo(START / 1000 + viewer.now + 1_000, 2);
  isRight();
  expect(viewer.client.clock.errorBound(viewer.now)).toBeLessThan(0.1);
  viewer.close();
  viewer.pass(100);
  isRight();
});

test("pings carry no negative number, whatever the page's clock reads", () => {
  const stage = new Stage();
  stage.now = -1_000_000;
  const client = new Client({ url: "http://hub", surroundings: stage.surroundings });
  client.open();
  stage.open(hello());
  stage.pass(100);
  expect(stage.sent.map((text) => JSON.parse(text).id)).toEqual([0, 50_000, 100_000]);
});

test("a hidden page sends nothing, not even when it is greeted; its records come all the same", () => {
  const viewer = new Viewer();
  viewer.open(hello());
  viewer.measure();
  viewer.isHidden = true;
  viewer.pass(3_600_000);
  viewer.comeAgain(hello({ seq: 1 }), data(1));
  viewer.pass(3_600_000);
  expect(viewer.sent).toEqual([]);
  expect(viewer.seqs).toEqual([1]);
  expect(viewer.client.link.kind).toBe("live");
});

test("a return is one burst", () => {
  const viewer = new Viewer();
  viewer.open(hello());
  viewer.measure();
  viewer.isHidden = true;
  viewer.pass(60_000);
  viewer.comeBack();
  viewer.pass(450);
  expect(viewer.sent).toHaveLength(BURST);
  expect(viewer.urls).toHaveLength(1);
});

test("a return to a line that is down tries at once, and bursts when it is greeted", () => {
  const viewer = new Viewer();
  viewer.open(hello());
  viewer.measure();
  viewer.close();
  viewer.sent.length = 0;
  viewer.comeBack();
  expect(viewer.urls).toHaveLength(2);
  viewer.pass(450);
  expect(viewer.sent).toEqual([]);
  viewer.open(hello());
  viewer.pass(450);
  expect(viewer.sent).toHaveLength(BURST);
});

test("a machine that slept is noticed at the next message: samples from before count no more", () => {
  const viewer = new Viewer();
  viewer.open(hello());
  viewer.measure();
  viewer.answer();
  viewer.wallAhead += 5_000;
  viewer.say({ type: "viewers", n: 2 });
  expect(viewer.client.clock.errorBound(viewer.now)).toBeUndefined();
  viewer.pass(450);
  expect(viewer.sent).toHaveLength(BURST);
});
