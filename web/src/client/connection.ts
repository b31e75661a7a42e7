/**
 * One viewer's line to the hub: opens it, keeps it, and comes back by itself when it breaks.
 * It hands decoded messages on unread, save for the two that concern the line itself, `hello` and `bye`.
 *
 * # Make before break
 * A hub that drains sends `bye` and goes on with the stream. A second socket, the spare, is opened; the line moves to
 * it when it has received `hello`, and only then is the first closed. If no other hub accepts the spare, it is tried
 * again until the hub closes the first; after that the line reconnects as after any loss.
 *
 * It stops for good only when the hub has said that coming back is useless: by a final close code, or,
 * because a browser hides why a handshake failed, by the answer to a plain GET for the same topic.
 */

import { Backoff, WELL_AFTER_MS } from "./connection/backoff.ts";
import { decode } from "./protocol/decode.ts";
import {
  type Bye,
  encodeJoining,
  encodePing,
  FINAL_CLOSE_CODES,
  type Hello,
  type HubMessage,
  isJoining,
  type Joining,
  SUBPROTOCOL,
} from "./protocol.ts";
import type { Socket, Surroundings } from "./surroundings.ts";

export type Refusal = "invalid" | "unauthorized" | "forbidden" | "unknown-topic";

export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "draining" }
  | { readonly kind: "waiting"; readonly until: number; readonly isOnline: boolean }
  | { readonly kind: "stopped"; readonly refusal: Refusal }
  /** By us. */
  | { readonly kind: "closed" };

export interface ConnectionOptions {
  /** `http(s)://` or `ws(s)://`, the host, and the path before `/ws`, if there is one. */
  readonly url: string;
  /** Undefined: the hub's default topic. Asked at every attempt. */
  readonly topic: () => string | undefined;
  /** Where to join, asked at every attempt: a position may have grown too old by then. */
  readonly joining: (isSpare: boolean) => Joining;
  readonly onMessage: (message: HubMessage, receivedAt: number) => void;
  readonly onLink: (link: Link) => void;
}

/** A handshake that takes longer is taken for dead; browsers alone would wait for minutes. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * After a ping something must arrive within this time, else the line is dead. A message is noticed only when it is
 * complete, so the time that the longest one takes on the slowest usable line is added.
 */
const SILENCE_MS = 10_000;

/** Between two attempts with a spare: the stream still runs, so there is no hurry. */
const SPARE_AGAIN_MS = [1_000, 2_000] as const;

/** Half a megabit a second. */
const SLOWEST_BYTES_PER_MS = 64;

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [400, "invalid"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "unknown-topic"],
  [4400, "invalid"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
]);

/** A socket that is being opened, or was. */
interface Attempt {
  readonly socket: Socket;
  /** What it asks for; undefined: the hub's default topic. */
  readonly topic: string | undefined;
  wasOpened: boolean;
}

export class Connection {
  readonly #options: ConnectionOptions;
  /** The address without the first letters of its scheme, which WebSocket and HTTP have different. */
  readonly #hub: string;
  readonly #around: Surroundings;
  readonly #backoff: Backoff;
  /** The line: undefined between two attempts. */
  #line: Attempt | undefined;
  /** What the line moves to; there is one only while the hub of an open line drains. */
  #spare: Attempt | undefined;
  /** Page time of the next attempt with a spare; infinite while none is to come. */
  #spareAt = Number.POSITIVE_INFINITY;
  #retryRange: readonly [number, number] | undefined;
  /** Whether the line has been up long enough to forget earlier failures. */
  #isWell = false;
  #link: Link = { kind: "connecting" };
  /** One of: a handshake takes too long, the next attempt is due, the line has been up for long. */
  #cancelTimer = (): void => {};
  #cancelSilence: (() => void) | undefined;
  /** Of the present topic. */
  #silenceMs = SILENCE_MS;

  constructor(options: ConnectionOptions, around: Surroundings) {
    this.#options = options;
    this.#hub = readUrl(options.url);
    this.#around = around;
    this.#backoff = new Backoff(around.random);
  }

  /** Opens the line. Called again while waiting, it cuts the wait short. */
  open(): void {
    if (this.#line !== undefined || this.#isOver) return;
    this.#cancelTimer();
    this.#retryRange = undefined;
    this.#show({ kind: "connecting" });
    // Whoever was just told may have closed the line.
    if (this.#isOver) return;
    this.#line = this.#dial(false);
    if (this.#line === undefined) this.#show({ kind: "stopped", refusal: "invalid" });
    else this.#limitHandshake();
  }

  #limitHandshake(): void {
    this.#cancelTimer = this.#around.after(HANDSHAKE_TIMEOUT_MS, () => this.#giveUp());
  }

  /** Undefined: no hub would understand where to come in. */
  #dial(isSpare: boolean): Attempt | undefined {
    const topic = this.#options.topic();
    const joining = this.#options.joining(isSpare);
    if (!isJoining(joining)) return undefined;
    const url = `ws${this.#address("/ws", topic)}${encodeJoining(joining)}`;
    const socket = this.#around.open(url, SUBPROTOCOL);
    const attempt: Attempt = { socket, topic, wasOpened: false };
    // A socket that was given up may still report; only the line and its spare are heard.
    const ifHeard = (call: () => void) => () => (attempt === this.#line || attempt === this.#spare) && call();
    socket.onopen = ifHeard(() => {
      attempt.wasOpened = true;
    });
    socket.onmessage = (event) => ifHeard(() => this.#receive(attempt, event.data))();
    socket.onclose = (event) => ifHeard(() => this.#closed(attempt, event.code))();
    // Node.js 22 reports a failed handshake only by `error`; later failures also cause `close`, with a code.
    socket.onerror = ifHeard(() => attempt.wasOpened || this.#closed(attempt, 0));
    return attempt;
  }

  get link(): Link {
    return this.#link;
  }

  /** Ends the line; nothing opens it again. */
  close(): void {
    if (this.#link.kind === "closed") return;
    this.#line?.socket.close();
    this.#drop();
    this.#show({ kind: "closed" });
  }

  /** Tries at once if a wait is on: the network is back, or somebody is looking again. */
  retryNow(): void {
    if (this.#link.kind === "waiting") this.open();
  }

  ping(id: number): void {
    if (this.#line === undefined || this.#link.kind !== "live") return;
    this.#line.socket.send(encodePing(id));
    this.#cancelSilence ??= this.#around.after(this.#silenceMs, () => this.#giveUp());
  }

  get #isOver(): boolean {
    return this.#link.kind === "stopped" || this.#link.kind === "closed";
  }

  /** What follows the first letters of the scheme: `s://host/ws/ecg`. */
  #address(path: string, topic: string | undefined): string {
    return this.#hub + path + (topic === undefined ? "" : `/${encodeURIComponent(topic)}`);
  }

  #receive(attempt: Attempt, data: unknown): void {
    const receivedAt = this.#around.now();
    if (attempt === this.#line) this.#heard();
    const message = typeof data === "string" ? decode(data) : undefined;
    if (message === undefined) return;
    if (attempt === this.#spare) {
      if (message.type !== "hello") return;
      this.#move(attempt);
    }
    if (message.type === "hello") this.#greeted(message);
    if (message.type === "bye") this.#dismissed(message);
    this.#options.onMessage(message, receivedAt);
  }

  /** The spare has been greeted, and becomes the line. */
  #move(spare: Attempt): void {
    const old = this.#line;
    this.#spare = undefined;
    this.#line = spare;
    this.#heard();
    old?.socket.close();
  }

  #greeted({ record_max = 0 }: Hello): void {
    this.#silenceMs = SILENCE_MS + record_max / SLOWEST_BYTES_PER_MS;
    this.#cancelTimer();
    this.#isWell = false;
    this.#cancelTimer = this.#around.after(WELL_AFTER_MS, () => {
      this.#isWell = true;
      this.#backoff.reset();
    });
    this.#retryRange = undefined;
    this.#show({ kind: "live" });
  }

  #dismissed({ reason, retry_ms }: Bye): void {
    this.#retryRange = retry_ms;
    if (reason !== "draining" || this.#link.kind !== "live") return;
    // From here on the hub may fall silent as it likes: its close is to come.
    this.#heard();
    this.#trySpareIn(this.#pause());
    this.#show({ kind: "draining" });
  }

  #trySpareIn(ms: number): void {
    this.#cancelTimer();
    this.#spareAt = this.#around.now() + ms;
    this.#cancelTimer = this.#around.after(ms, () => this.#trySpare());
  }

  #trySpare(): void {
    this.#spareAt = Number.POSITIVE_INFINITY;
    this.#spare = this.#dial(true);
    if (this.#spare !== undefined) this.#limitHandshake();
  }

  #spareFailed(): void {
    this.#spare = undefined;
    this.#trySpareIn(this.#backoff.within(SPARE_AGAIN_MS));
  }

  #closed(attempt: Attempt, code: number): void {
    if (attempt === this.#spare) {
      this.#spareFailed();
      return;
    }
    const refusal = FINAL_CLOSE_CODES.has(code) ? REFUSALS.get(code) : undefined;
    const spare = refusal === undefined ? this.#spare : undefined;
    const spareInMs = this.#spareAt - this.#around.now();
    if (spare !== undefined) this.#spare = undefined;
    this.#drop();
    if (refusal !== undefined) this.#show({ kind: "stopped", refusal });
    else if (spare !== undefined) this.#goOnWith(spare);
    else if (attempt.wasOpened) this.#wait(spareInMs);
    else void this.#askWhy(attempt.topic);
  }

  /** The hub has closed the line before the spare was greeted, which is now an attempt like any other. */
  #goOnWith(spare: Attempt): void {
    this.#line = spare;
    this.#limitHandshake();
    this.#show({ kind: "connecting" });
  }

  async #askWhy(topic: string | undefined): Promise<void> {
    const status = await this.#around.status(`http${this.#address("/api/v1/topics", topic)}`);
    if (this.#line !== undefined || this.#isOver) return;
    const refusal = REFUSALS.get(status);
    if (refusal === undefined) this.#wait();
    else this.#show({ kind: "stopped", refusal });
  }

  /**
   * As the hub has said, else as the backoff has it. A hub that closes right after its `hello` is not asked in a loop,
   * whatever it says.
   */
  #pause(): number {
    if (this.#retryRange === undefined) return this.#backoff.next();
    const named = this.#backoff.within(this.#retryRange);
    return this.#isWell ? named : Math.max(named, this.#backoff.next());
  }

  /** Waits for the next attempt, and not longer than `atMost`. */
  #wait(atMost = Number.POSITIVE_INFINITY): void {
    const ms = Math.min(this.#pause(), Math.max(0, atMost));
    this.#cancelTimer = this.#around.after(ms, () => this.open());
    this.#show({ kind: "waiting", until: this.#around.now() + ms, isOnline: this.#around.isOnline() });
  }

  /** Leaves a socket that does not answer, without waiting for its close: that may take minutes. */
  #giveUp(): void {
    if (this.#spare !== undefined) {
      this.#spare.socket.close();
      this.#spareFailed();
      return;
    }
    this.#line?.socket.close();
    this.#drop();
    this.#wait();
  }

  #drop(): void {
    this.#line = undefined;
    this.#spare?.socket.close();
    this.#spare = undefined;
    this.#spareAt = Number.POSITIVE_INFINITY;
    this.#cancelTimer();
    this.#heard();
  }

  #heard(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = undefined;
  }

  #show(link: Link): void {
    this.#link = link;
    this.#options.onLink(link);
  }
}

/** `s://host:port/path` or `://host:port/path`. */
function readUrl(url: string): string {
  const [, address] = /^(?:http|ws)(s?:\/\/[^?#]*[^?#/])/.exec(url) ?? [];
  if (address === undefined)
    throw new TypeError(`not a hub's address: \`${url}\`; use http(s):// or ws(s)://`);
  return address;
}
