/** The line to the hub, with everything around it played by the test: when it returns, and when it does not. */

import { expect, test } from "vitest";
import { Connection, type Link } from "../src/client/connection";
import { Backoff } from "../src/client/connection/backoff";
import type { HubMessage, Joining } from "../src/client/protocol";
import { data, hello } from "./messages";
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

test("waits between half a second and twenty, longer each time, and at random", () => {
  const longest = new Backoff(() => 1);
  const shortest = new Backoff(() => 0);
  expect(Array.from({ length: 8 }, () => longest.next())).toEqual([
    1_000, 1_500, 2_500, 4_500, 8_500, 16_500, 20_000, 20_000,
  ]);
  expect(Array.from({ length: 8 }, () => shortest.next())).toEqual(Array(8).fill(500));
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
  expect(line.link).toEqual({ kind: "waiting", until: 750, isOnline: true });
  line.pass(749);
  expect(line.urls).toHaveLength(1);
  line.pass(1);
  expect(line.urls).toHaveLength(2);
  expect(line.asked).toEqual([]);
});

test("a hub that drops us soon after hello is asked ever more rarely", () => {
  const line = new Line();
  const waits = Array.from({ length: 4 }, () => {
    line.greet();
    line.pass(1_000);
    line.close();
    const wait = line.link?.kind === "waiting" ? line.link.until - line.now : 0;
    line.pass(wait);
    return wait;
  });
  expect(waits).toEqual([750, 1_000, 1_500, 2_500]);
});

test("five seconds of being up make good for earlier failures", () => {
  const line = new Line();
  for (let i = 0; i < 3; i += 1) {
    line.greet();
    line.close();
    line.connection.retryNow();
  }
  line.greet();
  line.pass(5_000);
  line.close();
  expect(line.link).toMatchObject({ kind: "waiting", until: line.now + 750 });
});

test("after bye it comes back within the range that the hub has named", () => {
  const line = new Line();
  line.greet();
  line.say({ type: "bye", reason: "draining", retry_ms: [2_000, 6_000] });
  expect(line.link?.kind).toBe("draining");
  line.close(1012);
  expect(line.link).toMatchObject({ kind: "waiting", until: 4_000 });
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
  expect(line.link).toEqual({ kind: "waiting", until: 750, isOnline: true });
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
