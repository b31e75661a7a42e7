/**
 * A fake hub for players: sockets on which the test sends messages, and a history that responds by itself. For tests
 * only.
 */

import { vi } from "vitest";
import { Api } from "../../src/client/api";
import { encodePing, type Hello, type HubMessage, type Json } from "../../src/client/protocol";
import { Player, type PlayerOptions } from "../../src/player";
import type { Scene } from "../../src/scene";
import { data, dueAt, hello } from "../messages";

export const URL_OF_HUB = "http://hub.example";

/** One viewer's connection to one topic. */
export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  readonly url: string;
  readonly #hub: FakeHub;

  constructor(url: string, hub: FakeHub) {
    this.url = url;
    this.#hub = hub;
  }

  /** Only pings are sent; they are answered immediately. */
  send(text: string): void {
    const { id } = JSON.parse(text) as { id: number };
    if (text !== encodePing(id)) throw new Error(`not a ping: ${text}`);
    queueMicrotask(() => this.receive({ type: "pong", id, r: this.#hub.now, s: this.#hub.now }));
  }

  close(): void {
    this.isClosed = true;
  }

  receive(...messages: readonly HubMessage[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  sendHello(rest: Partial<Hello> = {}): void {
    this.onopen?.();
    this.receive(hello({ now: this.#hub.now, ...rest }));
  }

  /** Fails the handshake. */
  fail(): void {
    this.onclose?.({ code: 1006 });
  }
}

/** Replaces network and clocks: use with fake timers, and call `vi.unstubAllGlobals` afterwards. */
export class FakeHub {
  readonly sockets: FakeSocket[] = [];
  /** URLs requested over HTTP. */
  readonly requests: string[] = [];
  /** HTTP responses by URL prefix; anything else is 404. */
  readonly answers = new Map<string, unknown>();
  /** Offset added to its clock, in microseconds. */
  ahead = 0;
  readonly #began = performance.now();

  constructor() {
    const hub = this;
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor(url: string) {
          super(url, hub);
          hub.sockets.push(this);
        }
      },
    );
    vi.stubGlobal("fetch", async (url: string) => this.#answer(url));
  }

  /** The hub's time in microseconds; record 1,000 is due at the start. */
  get now(): number {
    return dueAt(1_000) + this.ahead + Math.round((performance.now() - this.#began) * 1000);
  }

  /** The newest connection to this topic. */
  socket(topic: string): FakeSocket {
    const socket = this.sockets.filter(({ url }) => new URL(url).pathname === `/ws/${topic}`).at(-1);
    if (socket === undefined) throw new Error(`no connection to ${topic}`);
    return socket;
  }

  /** Restarts the hub: every connection is lost and re-established, for the topics that get a hello. */
  async restart(topics: Readonly<Record<string, Partial<Hello>>>): Promise<void> {
    const before = this.sockets.splice(0);
    for (const socket of before) socket.fail();
    while (this.sockets.length < before.length) await vi.advanceTimersByTimeAsync(100);
    for (const socket of this.sockets) {
      const greeting = topics[new URL(socket.url).pathname.replace(/^\/ws\/?/, "")];
      if (greeting === undefined) socket.fail();
      else socket.sendHello(greeting);
    }
    await settle();
  }

  #answer(url: string): Response {
    this.requests.push(url);
    const [, answer] = [...this.answers].find(([begin]) => url.startsWith(URL_OF_HUB + begin)) ?? [];
    if (answer instanceof Response) return answer.clone();
    return answer === undefined ? new Response("", { status: 404 }) : Response.json(answer);
  }
}

/** Creates a player of these topics. */
export function play(topics: readonly string[], rest: Partial<PlayerOptions> = {}): Player {
  return new Player({ api: new Api(URL_OF_HUB), topics, windowMs: 10_000, onChange: () => {}, ...rest });
}

/** The hub's time according to the player. */
export function timeOf(player: Player): number {
  const now = player.hubNow();
  if (now === undefined) throw new Error("the player does not know the time");
  return now;
}

export function sceneOf(player: Player): Scene {
  return player.scene(timeOf(player), 1_000);
}

/** Lets a burst of probes complete, so that the time is known. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1_000);
}

/** The records from `from` to `to`, as single messages, all with the value `record` if given. */
export function records(from: number, to: number, record?: Json): HubMessage[] {
  return Array.from({ length: to - from + 1 }, (_, i) => data(from + i, record));
}
