/** The line to the hub, with everything around it played by the test: when it returns, and when it does not. */

import { expect, test } from "vitest";
import { Connection, type Link } from "../src/connection";
import { Backoff } from "../src/connection/backoff";
import type { Socket } from "../src/connection/surroundings";
import type { HubMessage, Joining } from "../src/protocol";
import { data, hello } from "./messages";

/** A hub, a browser and a clock, all in hand. */
class Stage {
  readonly urls: string[] = [];
  readonly links: Link[] = [];
  readonly messages: HubMessage[] = [];
  readonly sent: string[] = [];
  readonly asked: string[] = [];
  now = 0;
  status = 200;
  chance = 0.5;
  joining: Joining;
  socket: Socket | undefined;
  #timers: { at: number; call: () => void }[] = [];
  readonly connection: Connection;

  constructor(topic?: string) {
    this.connection = new Connection(
      {
        origin: "ws://hub",
        topic,
        joining: () => this.joining,
        onMessage: (message) => this.messages.push(message),
        onLink: (link) => this.links.push(link),
      },
      {
        open: (url) => this.#accept(url),
        status: async (url) => {
          this.asked.push(url);
          return this.status;
        },
        now: () => this.now,
        after: (ms, call) => {
          const timer = { at: this.now + ms, call };
          this.#timers.push(timer);
          return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
          };
        },
        random: () => this.chance,
        isOnline: () => true,
      },
    );
    this.connection.open();
  }

  get link(): Link | undefined {
    return this.links.at(-1);
  }

  greet(): void {
    this.socket?.onopen?.();
    this.say(hello());
  }

  say(message: HubMessage): void {
    this.socket?.onmessage?.({ data: JSON.stringify(message) });
  }

  close(code = 1006): void {
    this.socket?.onclose?.({ code });
  }

  /** Lets time pass, timers in their order. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = next.at;
      next.call();
    }
    this.now = until;
  }

  /** Lets the answer to an HTTP question arrive. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  }

  #accept(url: string): Socket {
    this.urls.push(url);
    this.socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      send: (text) => this.sent.push(text),
      close: () => {},
    };
    return this.socket;
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
  const stage = new Stage();
  stage.socket?.onopen?.();
  expect(stage.link?.kind).toBe("connecting");
  stage.say(hello());
  expect(stage.link?.kind).toBe("live");
});

test("asks for its topic, and at every attempt anew for what it lacks by then", () => {
  const stage = new Stage("ecg");
  stage.greet();
  for (const joining of [{ since: "e1:7" }, { last: 1_017 }]) {
    stage.joining = joining;
    stage.close();
    stage.connection.retryNow();
    stage.greet();
  }
  expect(stage.urls).toEqual([
    "ws://hub/ws/ecg",
    "ws://hub/ws/ecg?since=e1%3A7",
    "ws://hub/ws/ecg?last=1017",
  ]);
});

test("comes back by itself after a loss", () => {
  const stage = new Stage();
  stage.greet();
  stage.close();
  expect(stage.link).toEqual({ kind: "waiting", until: 750, isOnline: true });
  stage.pass(749);
  expect(stage.urls).toHaveLength(1);
  stage.pass(1);
  expect(stage.urls).toHaveLength(2);
  expect(stage.asked).toEqual([]);
});

test("a hub that drops us soon after hello is asked ever more rarely", () => {
  const stage = new Stage();
  const waits = Array.from({ length: 4 }, () => {
    stage.greet();
    stage.pass(1_000);
    stage.close();
    const wait = stage.link?.kind === "waiting" ? stage.link.until - stage.now : 0;
    stage.pass(wait);
    return wait;
  });
  expect(waits).toEqual([750, 1_000, 1_500, 2_500]);
});

test("five seconds of being up make good for earlier failures", () => {
  const stage = new Stage();
  for (let i = 0; i < 3; i += 1) {
    stage.greet();
    stage.close();
    stage.connection.retryNow();
  }
  stage.greet();
  stage.pass(5_000);
  stage.close();
  expect(stage.link).toMatchObject({ kind: "waiting", until: stage.now + 750 });
});

test("after bye it comes back within the range that the hub has named", () => {
  const stage = new Stage();
  stage.greet();
  stage.say({ type: "bye", reason: "draining", retry_ms: [2_000, 6_000] });
  expect(stage.link?.kind).toBe("draining");
  stage.close(1012);
  expect(stage.link).toMatchObject({ kind: "waiting", until: 4_000 });
});

test.each([
  [4400, "invalid"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
])("close code %d is final", (code, refusal) => {
  const stage = new Stage();
  stage.greet();
  stage.close(code);
  stage.pass(100_000);
  expect(stage.link).toEqual({ kind: "stopped", refusal });
  expect(stage.urls).toHaveLength(1);
});

test.each([
  [400, "invalid"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "unknown-topic"],
])("a failed handshake whose reason is %d is final", async (status, refusal) => {
  const stage = new Stage("nope");
  stage.status = status;
  stage.close();
  await stage.settle();
  expect(stage.asked).toEqual(["http://hub/api/v1/topics/nope"]);
  expect(stage.link).toEqual({ kind: "stopped", refusal });
  stage.connection.retryNow();
  stage.pass(100_000);
  expect(stage.urls).toHaveLength(1);
});

test.each([0, 200, 429, 503])("a failed handshake whose reason is %d is tried again", async (status) => {
  const stage = new Stage();
  stage.status = status;
  stage.close();
  await stage.settle();
  expect(stage.asked).toEqual(["http://hub/api/v1/topics"]);
  expect(stage.link?.kind).toBe("waiting");
});

test("being online again, or looked at again, cuts the wait short", () => {
  const stage = new Stage();
  stage.greet();
  stage.close();
  stage.connection.retryNow();
  expect(stage.urls).toHaveLength(2);
  stage.connection.retryNow();
  expect(stage.urls).toHaveLength(2);
});

test("a handshake that hangs is given up", () => {
  const stage = new Stage();
  stage.pass(10_000);
  expect(stage.link?.kind).toBe("waiting");
});

test("a line on which nothing follows a ping is given up; any frame counts as life", () => {
  const stage = new Stage();
  stage.greet();
  stage.connection.ping(1);
  stage.pass(9_000);
  stage.say(data(1));
  stage.pass(9_000);
  expect(stage.link?.kind).toBe("live");
  stage.connection.ping(2);
  stage.pass(10_000);
  expect(stage.link?.kind).toBe("waiting");
});

test("a socket that was given up is not heard any more", () => {
  const stage = new Stage();
  const old = stage.socket;
  stage.pass(10_000);
  const seen = stage.links.length;
  old?.onmessage?.({ data: JSON.stringify(hello()) });
  old?.onclose?.({ code: 4403 });
  expect(stage.links).toHaveLength(seen);
  expect(stage.messages).toEqual([]);
});

test("frames it does not understand are ignored", () => {
  const stage = new Stage();
  stage.greet();
  stage.socket?.onmessage?.({ data: '{"type":"confetti"}' });
  stage.socket?.onmessage?.({ data: new ArrayBuffer(4) });
  expect(stage.messages).toHaveLength(1);
  expect(stage.link?.kind).toBe("live");
});

test("pings go out only while live", () => {
  const stage = new Stage();
  stage.connection.ping(1);
  stage.greet();
  stage.connection.ping(2);
  expect(stage.sent).toEqual(['{"type":"ping","id":2}']);
});
