/** The line to the hub, with everything around it played by the test: when it returns, and when it does not. */

import { expect, test } from "vitest";
import { Connection, type Link } from "../src/client/connection";
import { Backoff } from "../src/client/connection/backoff";
import type { HubMessage, Joining } from "../src/client/protocol";
import { data, hello } from "./messages";
import { seeded } from "./random";
import { Stage } from "./stage";

/** A line that is open, with what it says of itself. */
class Line extends Stage {
  readonly links: Link[] = [];
  readonly messages: HubMessage[] = [];
  joining: Joining;
  readonly connection: Connection;

  constructor(topic?: string, url = "http://hub") {
    super();
    this.connection = new Connection(
      {
        url,
        topic: () => topic,
        joining: () => this.joining,
        onMessage: (message) => this.messages.push(message),
        onLink: (link) => this.links.push(link),
      },
      this.surroundings,
    );
    this.connection.open();
  }

  get link(): Link | undefined {
    return this.links.at(-1);
  }

  greet(): void {
    this.open(hello());
  }
}

test("waits are short five times, then longer each time up to twenty seconds, and always drawn", () => {
  const longest = new Backoff(() => 1);
  const shortest = new Backoff(() => 0);
  expect(Array.from({ length: 8 }, () => Math.round(longest.next()))).toEqual([
    600, 600, 600, 600, 600, 900, 1_380, 2_148,
  ]);
  for (let i = 0; i < 10; i += 1) longest.next();
  expect(longest.next()).toBe(20_000);
  expect(Array.from({ length: 8 }, () => shortest.next())).toEqual(Array(8).fill(100));
});

test("a hub that is back within two seconds has 99 of 100 viewers back within another second", () => {
  const random = seeded(1);
  const late: number[] = [];
  for (let viewer = 0; viewer < 5_000; viewer += 1) {
    const backoff = new Backoff(random);
    const outage = random() * 2_000;
    let at = 0;
    while (at < outage) at += backoff.next();
    late.push(at - outage);
  }
  late.sort((a, b) => a - b);
  expect(late[Math.floor(late.length * 0.99)]).toBeLessThan(1_000);
});

test("is live after hello, not before", () => {
  const line = new Line();
  line.socket?.onopen?.();
  expect(line.link?.kind).toBe("connecting");
  line.say(hello());
  expect(line.link?.kind).toBe("live");
});

test("asks for its topic, and at every attempt anew for what it lacks by then", () => {
  const line = new Line("ecg");
  line.greet();
  for (const joining of [{ since: "e1:7" }, { last: 1_017 }]) {
    line.joining = joining;
    line.close();
    line.connection.retryNow();
    line.greet();
  }
  expect(line.urls).toEqual(["ws://hub/ws/ecg", "ws://hub/ws/ecg?since=e1%3A7", "ws://hub/ws/ecg?last=1017"]);
});

test("what nobody can join with stops it before it asks, and for good", () => {
  const line = new Line();
  line.greet();
  line.joining = { since: "" };
  line.close();
  line.pass(100_000);
  expect(line.link).toEqual({ kind: "stopped", refusal: "invalid" });
  expect([line.urls.length, line.timers]).toEqual([1, 0]);
});

test("comes back by itself after a loss", () => {
  const line = new Line();
  line.greet();
  line.close();
  expect(line.link).toEqual({ kind: "waiting", until: 350, isOnline: true });
  line.pass(349);
  expect(line.urls).toHaveLength(1);
  line.pass(1);
  expect(line.urls).toHaveLength(2);
  expect(line.asked).toEqual([]);
});

test("a hub that drops us soon after hello is asked ever more rarely", () => {
  const line = new Line();
  const waits = Array.from({ length: 8 }, () => {
    line.greet();
    line.pass(1_000);
    line.close();
    const wait = line.link?.kind === "waiting" ? line.link.until - line.now : 0;
    line.pass(wait);
    return wait;
  });
  expect(waits.map(Math.round)).toEqual([350, 350, 350, 350, 350, 500, 740, 1_124]);
});

test("five seconds of being up make good for earlier failures", () => {
  const line = new Line();
  for (let i = 0; i < 8; i += 1) {
    line.greet();
    line.close();
    line.connection.retryNow();
  }
  line.greet();
  line.pass(5_000);
  line.close();
  expect(line.link).toMatchObject({ kind: "waiting", until: line.now + 350 });
});

const draining = (least: number, most: number): HubMessage => ({
  type: "bye",
  reason: "draining",
  retry_ms: [least, most],
});

/** A line that has been up for long, whose hub begins to drain. */
function dismissed(least = 0, most = 100): Line {
  const line = new Line("ecg");
  line.greet();
  line.pass(5_000);
  line.joining = { since: "e1:7" };
  line.say(draining(least, most));
  expect(line.link?.kind).toBe("draining");
  return line;
}

test("a hub that closes at once is left for as long as it has said", () => {
  const line = new Line();
  line.greet();
  line.say({ type: "bye", reason: "slow", retry_ms: [2_000, 6_000] });
  expect(line.link?.kind).toBe("live");
  line.close(4409);
  expect(line.link).toMatchObject({ kind: "waiting", until: 4_000 });
});

test("while a hub drains the next connection is made before the old one is broken", () => {
  const line = dismissed();
  const [old] = line.sockets;
  line.pass(50);
  expect(line.urls.at(-1)).toBe("ws://hub/ws/ecg?since=e1%3A7");
  const hear = (seq: number) => old?.onmessage?.({ data: JSON.stringify(data(seq)) });
  hear(8);
  line.socket?.onopen?.();
  hear(9);
  expect([line.link?.kind, old?.isClosed]).toEqual(["draining", false]);
  line.say(hello());
  expect([line.link?.kind, old?.isClosed]).toEqual(["live", true]);
  hear(10);
  line.say(data(8), data(9), data(10));
  const seqs = line.messages.flatMap((message) => (message.type === "data" ? message.seq : []));
  expect(seqs).toEqual([8, 9, 8, 9, 10]);
  expect([line.sockets.length, line.asked.length]).toEqual([2, 0]);
  expect(line.links.map(({ kind }) => kind)).toEqual(["connecting", "live", "draining", "live"]);
});

test("while a hub drains and no other takes it, the stream goes on and the next connection is tried again", () => {
  const line = dismissed();
  const [old] = line.sockets;
  line.pass(50);
  line.close();
  expect(line.link?.kind).toBe("draining");
  old?.onmessage?.({ data: JSON.stringify(data(8)) });
  expect(line.messages.at(-1)).toEqual(data(8));
  line.pass(1_499);
  expect(line.sockets).toHaveLength(2);
  line.pass(1);
  expect(line.sockets).toHaveLength(3);
  // What a browser hides is not asked for: the hub has said why.
  expect(line.asked).toEqual([]);
  line.greet();
  expect([line.link?.kind, old?.isClosed]).toEqual(["live", true]);
});

test("closed before the next connection is greeted, the line goes on with that one", () => {
  const line = dismissed();
  const [old] = line.sockets;
  line.pass(50);
  old?.onclose?.({ code: 1012 });
  expect(line.link?.kind).toBe("connecting");
  // Its time begins anew: it may have waited for the successor of the hub that is gone.
  line.pass(9_999);
  line.greet();
  expect(line.link?.kind).toBe("live");
  expect(line.sockets).toHaveLength(2);
});

test("closed while the next attempt is to come, the line takes the earlier of that and what the hub says last", () => {
  for (const [range, until] of [
    [[100, 300], 200],
    [[5_000, 5_000], 1_500],
  ] as const) {
    const line = dismissed();
    const [old] = line.sockets;
    line.pass(50);
    line.close();
    old?.onmessage?.({ data: JSON.stringify(draining(range[0], range[1])) });
    old?.onclose?.({ code: 1012 });
    expect(line.link).toMatchObject({ kind: "waiting", until: line.now + until });
  }
});

test("closed by a hub that ends, and refused by it, it tries again when the hub has said, and soon after that", async () => {
  const line = dismissed();
  const [old] = line.sockets;
  line.pass(50);
  old?.onmessage?.({ data: JSON.stringify(draining(100, 300)) });
  old?.onclose?.({ code: 1012 });
  line.status = 0;
  for (const wait of [200, 350]) {
    line.close();
    await line.settle();
    expect(line.link).toMatchObject({ kind: "waiting", until: line.now + wait });
    line.pass(wait);
  }
});

test("a hub that closes right after its hello is not asked in a loop", () => {
  const line = new Line();
  line.greet();
  const waits = Array.from({ length: 8 }, () => {
    line.say(draining(0, 0));
    const before = line.now;
    const count = line.sockets.length;
    for (let ms = 0; ms < 20_000 && line.sockets.length === count; ms += 1) line.pass(1);
    line.greet();
    return line.now - before;
  });
  expect(waits.at(0)).toBeGreaterThanOrEqual(100);
  expect(waits.at(-1)).toBeGreaterThan(1_000);
});

test("a next connection that hangs is given up, and the stream is none the worse", () => {
  const line = dismissed();
  const [old] = line.sockets;
  line.pass(50);
  line.pass(10_000);
  expect(line.socket?.isClosed).toBe(true);
  expect([line.link?.kind, old?.isClosed]).toEqual(["draining", false]);
  line.pass(1_500);
  expect(line.sockets).toHaveLength(3);
});

test("closed by us while the hub drains, both connections end and nothing is left", () => {
  const line = dismissed();
  line.pass(50);
  line.connection.close();
  expect(line.sockets.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  expect(line.timers).toBe(0);
});

test.each([
  [4400, "invalid"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
])("close code %d is final", (code, refusal) => {
  const line = new Line();
  line.greet();
  line.close(code);
  line.pass(100_000);
  expect(line.link).toEqual({ kind: "stopped", refusal });
  expect(line.urls).toHaveLength(1);
});

test.each([
  [400, "invalid"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "unknown-topic"],
])("a failed handshake whose reason is %d is final", async (status, refusal) => {
  const line = new Line("nope");
  line.status = status;
  line.close();
  await line.settle();
  expect(line.asked).toEqual(["http://hub/api/v1/topics/nope"]);
  expect(line.link).toEqual({ kind: "stopped", refusal });
  line.connection.retryNow();
  line.pass(100_000);
  expect(line.urls).toHaveLength(1);
});

test("a failed handshake of which only an error tells is asked about, and what comes after it is not heard", async () => {
  const line = new Line("nope");
  const { socket } = line;
  line.status = 503;
  socket?.onerror?.();
  socket?.onclose?.({ code: 1006 });
  await line.settle();
  expect(line.asked).toEqual(["http://hub/api/v1/topics/nope"]);
  expect(line.link).toEqual({ kind: "waiting", until: 350, isOnline: true });
});

test("an error on a line that was open is left to its close, which has the code", () => {
  const line = new Line();
  line.greet();
  line.socket?.onerror?.();
  expect(line.link?.kind).toBe("live");
  line.close(4403);
  expect(line.link).toEqual({ kind: "stopped", refusal: "forbidden" });
});

test.each([0, 200, 429, 503])("a failed handshake whose reason is %d is tried again", async (status) => {
  const line = new Line();
  line.status = status;
  line.close();
  await line.settle();
  expect(line.asked).toEqual(["http://hub/api/v1/topics"]);
  expect(line.link?.kind).toBe("waiting");
});

test("being online again, or looked at again, cuts the wait short", () => {
  const line = new Line();
  line.greet();
  line.close();
  line.connection.retryNow();
  expect(line.urls).toHaveLength(2);
  line.connection.retryNow();
  expect(line.urls).toHaveLength(2);
});

test("a handshake that hangs is given up", () => {
  const line = new Line();
  line.pass(10_000);
  expect(line.link?.kind).toBe("waiting");
});

test("a line on which nothing follows a ping is given up; any frame counts as life", () => {
  const line = new Line();
  line.greet();
  line.connection.ping(1);
  line.pass(9_000);
  line.say(data(1));
  line.pass(9_000);
  expect(line.link?.kind).toBe("live");
  line.connection.ping(2);
  line.pass(10_000);
  expect(line.link?.kind).toBe("waiting");
});

test("a socket that was given up is not heard any more", () => {
  const line = new Line();
  const old = line.socket;
  line.pass(10_000);
  const seen = line.links.length;
  old?.onmessage?.({ data: JSON.stringify(hello()) });
  old?.onclose?.({ code: 4403 });
  expect(line.links).toHaveLength(seen);
  expect(line.messages).toEqual([]);
});

test("frames it does not understand are ignored", () => {
  const line = new Line();
  line.greet();
  line.socket?.onmessage?.({ data: '{"type":"confetti"}' });
  line.socket?.onmessage?.({ data: new ArrayBuffer(4) });
  expect(line.messages).toHaveLength(1);
  expect(line.link?.kind).toBe("live");
});

test("a long message that is under way on a slow line is no silence", () => {
  const line = new Line();
  line.open(hello({ record_max: 4_000_000 }));
  line.connection.ping(1);
  // 250 kB a second.
  line.pass(16_000);
  expect(line.link?.kind).toBe("live");
  line.say(data(1));
  line.connection.ping(2);
  line.pass(10_000 + 4_000_000 / 64);
  expect(line.link?.kind).toBe("waiting");
});

test("pings go out only while live", () => {
  const line = new Line();
  line.connection.ping(1);
  line.greet();
  line.connection.ping(2);
  expect(line.sent).toEqual(['{"type":"ping","id":2}']);
});

test.each([
  ["http://hub/", "ws://hub/ws"],
  ["https://hub:8443/live/", "wss://hub:8443/live/ws"],
  ["wss://hub/live?x#y", "wss://hub/live/ws"],
  ["ws://[::1]:8000", "ws://[::1]:8000/ws"],
])("the hub at %s is joined at %s", (url, joined) => {
  expect(new Line(undefined, url).urls).toEqual([joined]);
});

test.each(["hub", "/ws", "ftp://hub", "http://", ""])("`%s` is no hub's address", (url) => {
  expect(() => new Line(undefined, url)).toThrow(TypeError);
});

test("a hub below a path is asked below that path why it refused", () => {
  const line = new Line("ecg", "https://hub/live/");
  line.close();
  expect(line.asked).toEqual(["https://hub/live/api/v1/topics/ecg"]);
});

test("closed is closed: no timer is left, and nothing opens it again", () => {
  const line = new Line();
  line.greet();
  line.connection.ping(1);
  line.connection.close();
  expect(line.link).toEqual({ kind: "closed" });
  expect([line.socket?.isClosed, line.timers]).toEqual([true, 0]);
  const told = line.links.length;
  line.close();
  line.connection.open();
  line.connection.retryNow();
  line.connection.close();
  line.pass(100_000);
  expect([line.urls.length, line.links.length]).toEqual([1, told]);
});

test("a line that is closed while it asks why it was refused stays closed", async () => {
  const line = new Line();
  line.close();
  line.connection.close();
  await line.settle();
  expect(line.link).toEqual({ kind: "closed" });
});

test("whoever is told that it connects may close it", () => {
  const stage = new Stage();
  const connection: Connection = new Connection(
    {
      url: "http://hub",
      topic: () => undefined,
      joining: () => undefined,
      onMessage: () => {},
      onLink: () => connection.close(),
    },
    stage.surroundings,
  );
  connection.open();
  expect([stage.urls.length, stage.timers]).toEqual([0, 0]);
});
