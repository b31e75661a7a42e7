/** A hub as a player meets it: lines that the test speaks on, and a history that answers by itself. For tests only. */

import { vi } from "vitest";
import { encodePing, type Hello, type HubMessage, type Json } from "../../src/client/protocol";
import { Player, type PlayerOptions } from "../../src/player";
import type { Scene } from "../../src/scene";
import { data, dueAt, hello } from "../messages";

export const URL_OF_HUB = "http://hub.example";

/** One viewer's line to one topic. */
export class Line {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  readonly url: string;
  readonly #hub: Hub;

  constructor(url: string, hub: Hub) {
    this.url = url;
    this.#hub = hub;
  }

  /** Whatever is sent is a ping, and answered without delay. */
  send(text: string): void {
    const { id } = JSON.parse(text) as { id: number };
    if (text !== encodePing(id)) throw new Error(`not a ping: ${text}`);
    queueMicrotask(() => this.say({ type: "pong", id, r: this.#hub.now, s: this.#hub.now }));
  }

  close(): void {
    this.isClosed = true;
  }

  say(...messages: readonly HubMessage[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  greet(rest: Partial<Hello> = {}): void {
    this.onopen?.();
    this.say(hello({ now: this.#hub.now, ...rest }));
  }

  /** The handshake fails. */
  fail(): void {
    this.onclose?.({ code: 1006 });
  }
}

/** Takes the place of network and clocks: to be used with fake timers, and `vi.unstubAllGlobals` afterwards. */
export class Hub {
  readonly lines: Line[] = [];
  /** What was asked over HTTP. */
  readonly asked: string[] = [];
  /** What HTTP answers, by the beginning of the path; anything else is 404. */
  readonly answers = new Map<string, unknown>();
  /** By how much its clock is ahead of what it was to be, in microseconds. */
  ahead = 0;
  readonly #began = performance.now();

  constructor() {
    const hub = this;
    vi.stubGlobal(
      "WebSocket",
      class extends Line {
        constructor(url: string) {
          super(url, hub);
          hub.lines.push(this);
        }
      },
    );
    vi.stubGlobal("fetch", async (url: string) => this.#answer(url));
  }

  /** Microseconds; record 1,000 is due at the beginning. */
  get now(): number {
    return dueAt(1_000) + this.ahead + Math.round((performance.now() - this.#began) * 1000);
  }

  /** The newest line to this topic. */
  line(topic: string): Line {
    const line = this.lines.filter(({ url }) => new URL(url).pathname === `/ws/${topic}`).at(-1);
    if (line === undefined) throw new Error(`nobody has opened a line to ${topic}`);
    return line;
  }

  /** Ends, and begins anew with `greet`: every line is lost, and comes back by itself to the topics that are greeted. */
  async restart(topics: Readonly<Record<string, Partial<Hello>>>): Promise<void> {
    const before = this.lines.splice(0);
    for (const line of before) line.fail();
    while (this.lines.length < before.length) await vi.advanceTimersByTimeAsync(100);
    for (const line of this.lines) {
      const greeting = topics[new URL(line.url).pathname.replace(/^\/ws\/?/, "")];
      if (greeting === undefined) line.fail();
      else line.greet(greeting);
    }
    await settle();
  }

  #answer(url: string): Response {
    this.asked.push(url);
    const [, answer] = [...this.answers].find(([begin]) => url.startsWith(URL_OF_HUB + begin)) ?? [];
    if (answer instanceof Response) return answer.clone();
    return answer === undefined ? new Response("", { status: 404 }) : Response.json(answer);
  }
}

/** A player of these topics. */
export function play(topics: readonly string[], rest: Partial<PlayerOptions> = {}): Player {
  return new Player({ url: URL_OF_HUB, topics, windowMs: 10_000, onChange: () => {}, ...rest });
}

/** The hub's time, as the player has it. */
export function timeOf(player: Player): number {
  const now = player.hubNow();
  if (now === undefined) throw new Error("the player does not know the time");
  return now;
}

export function sceneOf(player: Player): Scene {
  return player.scene(timeOf(player), 1_000);
}

/** Lets a burst of probes pass, so that the time is known. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1_000);
}

/** The records from `from` to `to`, one by one; all alike, if one is given. */
export function records(from: number, to: number, record?: Json): HubMessage[] {
  return Array.from({ length: to - from + 1 }, (_, i) => data(from + i, record));
}
