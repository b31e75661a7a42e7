/**
 * The connection to the hub, with everything around it simulated by the test: when it reconnects, and when it does not.
 */

import { expect, test } from "vitest";
import { Api } from "../src/client/api";
import { Backoff } from "../src/client/backoff";
import { Connection, type Link } from "../src/client/connection";
import type { HubMessage, Joining, Report } from "../src/client/protocol";
import { FakeRuntime } from "./fake_runtime";
import { data, hello } from "./messages";
import { seeded } from "./samples";

/** An open connection that records what it reports. */
class TestConnection extends FakeRuntime {
  readonly links: Link[] = [];
  readonly messages: HubMessage[] = [];
  joining: Joining;
  readonly connection: Connection;

  constructor(topic?: string, url = "http://hub") {
    super();
    this.connection = new Connection(
      {
        api: new Api(url, this.runtime),
        request: () => ({ topic, joining: this.joining }),
        onMessage: (message) => this.messages.push(message),
        onLink: (link) => this.links.push(link),
      },
      this.runtime,
    );
    this.connection.open();
  }

  get link(): Link | undefined {
    return this.links.at(-1);
  }

  sendHello(): void {
    this.open(hello());
  }
}

test("five delays are short, then they grow up to 20 s, and all are random", () => {
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
  const conn = new TestConnection();
  conn.socket?.onopen?.();
  expect(conn.link?.kind).toBe("connecting");
  conn.receive(hello());
  expect(conn.link?.kind).toBe("live");
});

test("every attempt requests the topic and what is missing by then", () => {
  const conn = new TestConnection("ecg");
  conn.sendHello();
  for (const joining of [{ since: "e1:7" }, { last: 1_017 }]) {
    conn.joining = joining;
    conn.close();
    conn.connection.retryNow();
    conn.sendHello();
  }
  expect(conn.urls).toEqual(["ws://hub/ws/ecg", "ws://hub/ws/ecg?since=e1%3A7", "ws://hub/ws/ecg?last=1017"]);
});

test("an invalid position stops it before it connects, for good", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.joining = { since: "" };
  conn.close();
  conn.pass(100_000);
  expect(conn.link).toEqual({ kind: "stopped", refusal: "invalid" });
  expect([conn.urls.length, conn.timers]).toEqual([1, 0]);
});

test("reconnects automatically after a loss", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.close();
  expect(conn.link).toEqual({ kind: "waiting", until: 350, isOnline: true });
  conn.pass(349);
  expect(conn.urls).toHaveLength(1);
  conn.pass(1);
  expect(conn.urls).toHaveLength(2);
  expect(conn.statusRequests).toEqual([]);
});

test("a hub that drops us soon after hello is retried less and less often", () => {
  const conn = new TestConnection();
  const waits = Array.from({ length: 8 }, () => {
    conn.sendHello();
    conn.pass(1_000);
    conn.close();
    const wait = conn.link?.kind === "waiting" ? conn.link.until - conn.now : 0;
    conn.pass(wait);
    return wait;
  });
  expect(waits.map(Math.round)).toEqual([350, 350, 350, 350, 350, 500, 740, 1_124]);
});

test("five seconds of uptime reset earlier failures", () => {
  const conn = new TestConnection();
  for (let i = 0; i < 8; i += 1) {
    conn.sendHello();
    conn.close();
    conn.connection.retryNow();
  }
  conn.sendHello();
  conn.pass(5_000);
  conn.close();
  expect(conn.link).toMatchObject({ kind: "waiting", until: conn.now + 350 });
});

const draining = (least: number, most: number): HubMessage => ({
  type: "bye",
  reason: "draining",
  retry_ms: [least, most],
});

/** A stable connection whose hub begins to drain. */
function drainingConnection(least = 0, most = 100): TestConnection {
  const conn = new TestConnection("ecg");
  conn.sendHello();
  conn.pass(5_000);
  conn.joining = { since: "e1:7" };
  conn.receive(draining(least, most));
  expect(conn.link?.kind).toBe("draining");
  return conn;
}

test("after a bye and an immediate close it waits as long as the hub asked", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.receive({ type: "bye", reason: "slow", retry_ms: [2_000, 6_000] });
  expect(conn.link?.kind).toBe("live");
  conn.close(4409);
  expect(conn.link).toMatchObject({ kind: "waiting", until: 4_000 });
});

test("while a hub drains, the next connection is made before the old one is closed", () => {
  const conn = drainingConnection();
  const [old] = conn.sockets;
  conn.pass(50);
  expect(conn.urls.at(-1)).toBe("ws://hub/ws/ecg?since=e1%3A7");
  const hear = (seq: number) => old?.onmessage?.({ data: JSON.stringify(data(seq)) });
  hear(8);
  conn.socket?.onopen?.();
  hear(9);
  expect([conn.link?.kind, old?.isClosed]).toEqual(["draining", false]);
  conn.receive(hello());
  expect([conn.link?.kind, old?.isClosed]).toEqual(["live", true]);
  hear(10);
  conn.receive(data(8), data(9), data(10));
  const seqs = conn.messages.flatMap((message) => (message.type === "data" ? message.seq : []));
  expect(seqs).toEqual([8, 9, 8, 9, 10]);
  expect([conn.sockets.length, conn.statusRequests.length]).toEqual([2, 0]);
  expect(conn.links.map(({ kind }) => kind)).toEqual(["connecting", "live", "draining", "live"]);
});

test("while a hub drains and no other accepts, the stream continues and the spare is retried", () => {
  const conn = drainingConnection();
  const [old] = conn.sockets;
  conn.pass(50);
  conn.close();
  expect(conn.link?.kind).toBe("draining");
  old?.onmessage?.({ data: JSON.stringify(data(8)) });
  expect(conn.messages.at(-1)).toEqual(data(8));
  conn.pass(1_499);
  expect(conn.sockets).toHaveLength(2);
  conn.pass(1);
  expect(conn.sockets).toHaveLength(3);
  // The reason is not requested over HTTP: the hub has announced the drain.
  expect(conn.statusRequests).toEqual([]);
  conn.sendHello();
  expect([conn.link?.kind, old?.isClosed]).toEqual(["live", true]);
});

test("if the hub closes before the spare receives hello, the spare takes over", () => {
  const conn = drainingConnection();
  const [old] = conn.sockets;
  conn.pass(50);
  old?.onclose?.({ code: 1012 });
  expect(conn.link?.kind).toBe("connecting");
  // Its handshake timeout restarts: it may have waited for the successor of the old hub.
  conn.pass(9_999);
  conn.sendHello();
  expect(conn.link?.kind).toBe("live");
  expect(conn.sockets).toHaveLength(2);
});

test("if the hub closes before the next attempt, the earlier of the two scheduled times counts", () => {
  for (const [range, until] of [
    [[100, 300], 200],
    [[5_000, 5_000], 1_500],
  ] as const) {
    const conn = drainingConnection();
    const [old] = conn.sockets;
    conn.pass(50);
    conn.close();
    old?.onmessage?.({ data: JSON.stringify(draining(range[0], range[1])) });
    old?.onclose?.({ code: 1012 });
    expect(conn.link).toMatchObject({ kind: "waiting", until: conn.now + until });
  }
});

test("after a drained hub has closed and refuses, it retries when the hub asked, then with backoff", async () => {
  const conn = drainingConnection();
  const [old] = conn.sockets;
  conn.pass(50);
  old?.onmessage?.({ data: JSON.stringify(draining(100, 300)) });
  old?.onclose?.({ code: 1012 });
  conn.status = 0;
  for (const wait of [200, 350]) {
    conn.close();
    await conn.settle();
    expect(conn.link).toMatchObject({ kind: "waiting", until: conn.now + wait });
    conn.pass(wait);
  }
});

test("a topic that has switched to its next dataset is joined again before the old stream is left", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.pass(5_000);
  conn.receive({ type: "bye", reason: "switched", retry_ms: [0, 50] });
  expect(conn.link).toEqual({ kind: "live" });
  const [old] = conn.sockets;
  conn.pass(50);
  expect(conn.sockets).toHaveLength(2);
  expect(old?.isClosed).toBe(false);
  conn.sendHello();
  expect(conn.link).toEqual({ kind: "live" });
  expect(old?.isClosed).toBe(true);
});

test("a topic that stops is named as the reason, and asked for again when the hub says so", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.pass(5_000);
  conn.receive({ type: "bye", reason: "stopped", retry_ms: [15_000, 30_000] });
  expect(conn.link).toEqual({ kind: "live" });
  conn.close(1012);
  expect(conn.link).toMatchObject({ kind: "waiting", until: conn.now + 22_500, isTopicStopped: true });
});

test("after a refusal, the topic's entry says whether it has stopped", async () => {
  const conn = new TestConnection();
  conn.isStopped = true;
  conn.close();
  await conn.settle();
  expect(conn.link).toMatchObject({ kind: "waiting", isTopicStopped: true });
  conn.connection.retryNow();
  conn.sendHello();
  conn.close();
  expect(conn.link).not.toHaveProperty("isTopicStopped");
});

test("a hub that closes right after hello is not retried in a loop", () => {
  const conn = new TestConnection();
  conn.sendHello();
  const waits = Array.from({ length: 8 }, () => {
    conn.receive(draining(0, 0));
    const before = conn.now;
    const count = conn.sockets.length;
    for (let ms = 0; ms < 20_000 && conn.sockets.length === count; ms += 1) conn.pass(1);
    conn.sendHello();
    return conn.now - before;
  });
  expect(waits.at(0)).toBeGreaterThanOrEqual(100);
  expect(waits.at(-1)).toBeGreaterThan(1_000);
});

test("a spare whose handshake hangs is abandoned without affecting the stream", () => {
  const conn = drainingConnection();
  const [old] = conn.sockets;
  conn.pass(50);
  conn.pass(10_000);
  expect(conn.socket?.isClosed).toBe(true);
  expect([conn.link?.kind, old?.isClosed]).toEqual(["draining", false]);
  conn.pass(1_500);
  expect(conn.sockets).toHaveLength(3);
});

test("closing while the hub drains closes both connections and all timers", () => {
  const conn = drainingConnection();
  conn.pass(50);
  conn.connection.close();
  expect(conn.sockets.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  expect(conn.timers).toBe(0);
});

test.each([
  [4400, "invalid"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
])("close code %d is final", (code, refusal) => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.close(code);
  conn.pass(100_000);
  expect(conn.link).toEqual({ kind: "stopped", refusal });
  expect(conn.urls).toHaveLength(1);
});

test.each([
  [400, "invalid"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "unknown-topic"],
])("a failed handshake with status %d is final", async (status, refusal) => {
  const conn = new TestConnection("nope");
  conn.status = status;
  conn.close();
  await conn.settle();
  expect(conn.statusRequests).toEqual(["http://hub/api/v1/topics/nope"]);
  expect(conn.link).toEqual({ kind: "stopped", refusal });
  conn.connection.retryNow();
  conn.pass(100_000);
  expect(conn.urls).toHaveLength(1);
});

test("a handshake that fails only with an error event is diagnosed, and later events are ignored", async () => {
  const conn = new TestConnection("nope");
  const { socket } = conn;
  conn.status = 503;
  socket?.onerror?.();
  socket?.onclose?.({ code: 1006 });
  await conn.settle();
  expect(conn.statusRequests).toEqual(["http://hub/api/v1/topics/nope"]);
  expect(conn.link).toEqual({ kind: "waiting", until: 350, isOnline: true });
});

test("an error on an open connection is handled by its close event, which has the code", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.socket?.onerror?.();
  expect(conn.link?.kind).toBe("live");
  conn.close(4403);
  expect(conn.link).toEqual({ kind: "stopped", refusal: "forbidden" });
});

test.each([0, 200, 429, 503])("a failed handshake with status %d is retried", async (status) => {
  const conn = new TestConnection();
  conn.status = status;
  conn.close();
  await conn.settle();
  expect(conn.statusRequests).toEqual(["http://hub/api/v1/topics"]);
  expect(conn.link?.kind).toBe("waiting");
});

test("retryNow cuts the wait short", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.close();
  conn.connection.retryNow();
  expect(conn.urls).toHaveLength(2);
  conn.connection.retryNow();
  expect(conn.urls).toHaveLength(2);
});

/** A connection whose hub has gone, after the first attempt to return has failed over HTTP too. */
async function abandonedConnection(): Promise<TestConnection> {
  const conn = new TestConnection("ecg");
  conn.sendHello();
  conn.pass(5_000);
  conn.status = 0;
  conn.close();
  conn.pass(600);
  conn.close();
  await conn.settle();
  expect(conn.link?.kind).toBe("waiting");
  return conn;
}

/** Lets time pass in small steps, in which answers arrive. */
async function live(conn: TestConnection, ms: number): Promise<void> {
  for (const end = conn.now + ms; conn.now < end; ) {
    conn.pass(50);
    await conn.settle();
  }
}

test.each([0, 0.5, 1])(
  "however long the hub was away, a visible page is back within a second (chance %d)",
  async (chance) => {
    const conn = await abandonedConnection();
    conn.chance = chance;
    await live(conn, 600_000);
    const attempts = conn.urls.length;
    // Sockets that fail would make the browser delay the next ones.
    expect(attempts).toBe(2);
    conn.status = 200;
    const returnedAt = conn.now;
    while (conn.urls.length === attempts && conn.now < returnedAt + 60_000) await live(conn, 50);
    conn.sendHello();
    expect(conn.link?.kind).toBe("live");
    expect(conn.now - returnedAt).toBeLessThanOrEqual(1_000);
  },
);

test("a proxy that answers for an absent hub is not taken for the hub", async () => {
  const conn = await abandonedConnection();
  conn.status = 502;
  await live(conn, 60_000);
  expect(conn.urls).toHaveLength(2);
  conn.status = 200;
  await live(conn, 1_000);
  expect(conn.urls).toHaveLength(3);
});

test("a hidden page does not watch for the hub's return, and retries when it is visible again", async () => {
  const conn = await abandonedConnection();
  conn.isHidden = true;
  conn.statusRequests.length = 0;
  await live(conn, 60_000);
  expect(conn.statusRequests.filter((url) => url.endsWith("/time"))).toEqual([]);
  conn.isHidden = false;
  await live(conn, 1_000);
  expect(conn.statusRequests.filter((url) => url.endsWith("/time")).length).toBeGreaterThan(0);
});

test("a hub that answers but has no room is not watched, and is retried less and less often", async () => {
  const conn = new TestConnection("ecg");
  conn.status = 503;
  for (let attempt = 0; attempt < 12; attempt += 1) {
    conn.close();
    await conn.settle();
    const until = conn.link?.kind === "waiting" ? conn.link.until : 0;
    conn.pass(until - conn.now);
  }
  expect(conn.statusRequests.every((url) => url.endsWith("/api/v1/topics/ecg"))).toBe(true);
  expect(conn.now).toBeGreaterThan(5_000);
});

test("all connections to a hub share one watch", async () => {
  const fake = new FakeRuntime();
  const api = new Api("http://hub", fake.runtime);
  const back: string[] = [];
  fake.status = 0;
  api.returnWatch.wait(() => back.push("a"));
  const leave = api.returnWatch.wait(() => back.push("b"));
  api.returnWatch.wait(() => back.push("c"));
  for (let i = 0; i < 100; i += 1) {
    fake.pass(50);
    await fake.settle();
  }
  const asked = fake.statusRequests.length;
  expect(asked).toBeLessThanOrEqual(5_000 / 200);
  leave();
  fake.status = 200;
  for (let i = 0; i < 20; i += 1) {
    fake.pass(50);
    await fake.settle();
  }
  expect(back).toEqual(["a", "c"]);
  expect([fake.statusRequests.length, fake.timers]).toEqual([asked + 1, 0]);
});

test("retryNow replaces an attempt that hangs", async () => {
  const conn = new TestConnection();
  conn.pass(1_000);
  conn.connection.retryNow();
  expect(conn.sockets.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  conn.sendHello();
  expect(conn.link?.kind).toBe("live");
});

test("a handshake that hangs is abandoned", () => {
  const conn = new TestConnection();
  conn.pass(10_000);
  expect(conn.link?.kind).toBe("waiting");
});

test("a connection without any frame after a ping is abandoned", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.connection.ping(1);
  conn.pass(9_000);
  conn.receive(data(1));
  conn.pass(9_000);
  expect(conn.link?.kind).toBe("live");
  conn.connection.ping(2);
  conn.pass(10_000);
  expect(conn.link?.kind).toBe("waiting");
});

test("events of an abandoned socket are ignored", () => {
  const conn = new TestConnection();
  const old = conn.socket;
  conn.pass(10_000);
  const seen = conn.links.length;
  old?.onmessage?.({ data: JSON.stringify(hello()) });
  old?.onclose?.({ code: 4403 });
  expect(conn.links).toHaveLength(seen);
  expect(conn.messages).toEqual([]);
});

test("unknown frames are ignored", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.socket?.onmessage?.({ data: '{"type":"confetti"}' });
  conn.socket?.onmessage?.({ data: new ArrayBuffer(4) });
  expect(conn.messages).toHaveLength(1);
  expect(conn.link?.kind).toBe("live");
});

test("a long message on a slow connection does not count as silence", () => {
  const conn = new TestConnection();
  conn.open(hello({ record_max: 4_000_000 }));
  conn.connection.ping(1);
  // At 250 kB/s.
  conn.pass(16_000);
  expect(conn.link?.kind).toBe("live");
  conn.receive(data(1));
  conn.connection.ping(2);
  conn.pass(10_000 + 4_000_000 / 64);
  expect(conn.link?.kind).toBe("waiting");
});

test("reports are sent only while live", () => {
  const conn = new TestConnection();
  const report: Report = {
    type: "report",
    seconds: 15,
    bound_us: 1_800,
    received: 1,
    late: 0,
    missed: 0,
    frames: 900,
    dropped: 0,
  };
  conn.connection.report(report);
  conn.sendHello();
  conn.connection.report(report);
  expect(conn.sent.map((text) => JSON.parse(text))).toEqual([report]);
});

test("pings are sent only while live", () => {
  const conn = new TestConnection();
  conn.connection.ping(1);
  conn.sendHello();
  conn.connection.ping(2);
  expect(conn.sent).toEqual(['{"type":"ping","id":2}']);
});

test.each([
  ["http://hub/", "ws://hub/ws"],
  ["https://hub:8443/live/", "wss://hub:8443/live/ws"],
  ["wss://hub/live?x#y", "wss://hub/live/ws"],
  ["ws://[::1]:8000", "ws://[::1]:8000/ws"],
])("the hub at %s is joined at %s", (url, joined) => {
  expect(new TestConnection(undefined, url).urls).toEqual([joined]);
});

test.each(["hub", "/ws", "ftp://hub", "http://", ""])("`%s` is not a valid hub URL", (url) => {
  expect(() => new TestConnection(undefined, url)).toThrow(TypeError);
});

test("a hub under a path is diagnosed under that path", () => {
  const conn = new TestConnection("ecg", "https://hub/live/");
  conn.close();
  expect(conn.statusRequests).toEqual(["https://hub/live/api/v1/topics/ecg"]);
});

test("after close no timer is left, and nothing reopens it", () => {
  const conn = new TestConnection();
  conn.sendHello();
  conn.connection.ping(1);
  conn.connection.close();
  expect(conn.link).toEqual({ kind: "closed" });
  expect([conn.socket?.isClosed, conn.timers]).toEqual([true, 0]);
  const reported = conn.links.length;
  conn.close();
  conn.connection.open();
  conn.connection.retryNow();
  conn.connection.close();
  conn.pass(100_000);
  expect([conn.urls.length, conn.links.length]).toEqual([1, reported]);
});

test("a connection closed while a failure is diagnosed stays closed", async () => {
  const conn = new TestConnection();
  conn.close();
  conn.connection.close();
  await conn.settle();
  expect(conn.link).toEqual({ kind: "closed" });
});

test("a link listener may close the connection", () => {
  const fake = new FakeRuntime();
  const connection: Connection = new Connection(
    {
      api: new Api("http://hub", fake.runtime),
      request: () => ({ topic: undefined, joining: undefined }),
      onMessage: () => {},
      onLink: () => connection.close(),
    },
    fake.runtime,
  );
  connection.open();
  expect([fake.urls.length, fake.timers]).toEqual([0, 0]);
});
