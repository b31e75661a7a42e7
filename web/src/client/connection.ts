/**
 * One viewer's line to the hub: opens it, keeps it, and comes back by itself when it breaks.
 * It hands decoded messages on unread, save for the two that concern the line itself, `hello` and `bye`.
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
  /** Where to come in, asked at every attempt: meanwhile a position may have grown too old. */
  readonly joining: () => Joining;
  readonly onMessage: (message: HubMessage, receivedAt: number) => void;
  readonly onLink: (link: Link) => void;
}

/** A handshake that takes longer is taken for dead; browsers alone would wait for minutes. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** After a ping something must arrive within this time, else the line is dead and nobody told us. */
const SILENCE_MS = 10_000;

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [400, "invalid"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "unknown-topic"],
  [4400, "invalid"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
]);

export class Connection {
  readonly #options: ConnectionOptions;
  /** The address without the first letters of its scheme, which WebSocket and HTTP have different. */
  readonly #hub: string;
  readonly #around: Surroundings;
  readonly #backoff: Backoff;
  #socket: Socket | undefined;
  /** Of the present attempt. */
  #topic: string | undefined;
  #wasOpened = false;
  #retryRange: readonly [number, number] | undefined;
  #link: Link = { kind: "connecting" };
  #cancelTimer = (): void => {};
  #cancelSilence: (() => void) | undefined;

  constructor(options: ConnectionOptions, around: Surroundings) {
    this.#options = options;
    this.#hub = readUrl(options.url);
    this.#around = around;
    this.#backoff = new Backoff(around.random);
  }

  /** Opens the line. Called again while waiting, it cuts the wait short. */
  open(): void {
    if (this.#socket !== undefined || this.#isOver) return;
    this.#cancelTimer();
    this.#wasOpened = false;
    this.#retryRange = undefined;
    this.#show({ kind: "connecting" });
    // Whoever was just told may have closed the line.
    if (this.#isOver) return;
    this.#topic = this.#options.topic();
    const joining = this.#options.joining();
    if (!isJoining(joining)) {
      this.#show({ kind: "stopped", refusal: "invalid" });
      return;
    }
    const url = `ws${this.#address("/ws")}${encodeJoining(joining)}`;
    const socket = this.#around.open(url, SUBPROTOCOL);
    this.#socket = socket;
    // A socket that was given up may still report; only the current one is heard.
    const ifCurrent = (call: () => void) => () => this.#socket === socket && call();
    socket.onopen = ifCurrent(() => {
      this.#wasOpened = true;
    });
    socket.onmessage = (event) => ifCurrent(() => this.#receive(event.data))();
    socket.onclose = (event) => ifCurrent(() => this.#closed(event.code))();
    socket.onerror = ifCurrent(() => this.#failed());
    this.#cancelTimer = this.#around.after(HANDSHAKE_TIMEOUT_MS, () => this.#giveUp());
  }

  get link(): Link {
    return this.#link;
  }

  /** Ends the line; nothing opens it again. */
  close(): void {
    if (this.#link.kind === "closed") return;
    this.#socket?.close();
    this.#drop();
    this.#show({ kind: "closed" });
  }

  /** Tries at once if a wait is on: the network is back, or somebody is looking again. */
  retryNow(): void {
    if (this.#link.kind === "waiting") this.open();
  }

  ping(id: number): void {
    if (this.#socket === undefined || this.#link.kind !== "live") return;
    this.#socket.send(encodePing(id));
    this.#cancelSilence ??= this.#around.after(SILENCE_MS, () => this.#giveUp());
  }

  get #isOver(): boolean {
    return this.#link.kind === "stopped" || this.#link.kind === "closed";
  }

  /** What follows the first letters of the scheme: `s://host/ws/ecg`. */
  #address(path: string): string {
    return this.#hub + path + (this.#topic === undefined ? "" : `/${encodeURIComponent(this.#topic)}`);
  }

  #receive(data: unknown): void {
    const receivedAt = this.#around.now();
    this.#heard();
    const message = typeof data === "string" ? decode(data) : undefined;
    if (message === undefined) return;
    if (message.type === "hello") this.#greeted();
    if (message.type === "bye") this.#dismissed(message);
    this.#options.onMessage(message, receivedAt);
  }

  #greeted(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#around.after(WELL_AFTER_MS, () => this.#backoff.reset());
    this.#show({ kind: "live" });
  }

  #dismissed({ reason, retry_ms }: Bye): void {
    this.#retryRange = retry_ms;
    if (reason === "draining") this.#show({ kind: "draining" });
  }

  #closed(code: number): void {
    const refusal = FINAL_CLOSE_CODES.has(code) ? REFUSALS.get(code) : undefined;
    this.#drop();
    if (refusal !== undefined) this.#show({ kind: "stopped", refusal });
    else if (this.#wasOpened) this.#wait();
    else void this.#askWhy();
  }

  /** Node.js 22 tells of a handshake that fails by an error alone; what fails later is closed as well, with a code. */
  #failed(): void {
    if (this.#wasOpened) return;
    this.#drop();
    void this.#askWhy();
  }

  async #askWhy(): Promise<void> {
    const status = await this.#around.status(`http${this.#address("/api/v1/topics")}`);
    if (this.#socket !== undefined || this.#isOver) return;
    const refusal = REFUSALS.get(status);
    if (refusal === undefined) this.#wait();
    else this.#show({ kind: "stopped", refusal });
  }

  #wait(): void {
    const ms = this.#retryRange ? this.#backoff.within(this.#retryRange) : this.#backoff.next();
    this.#cancelTimer = this.#around.after(ms, () => this.open());
    this.#show({ kind: "waiting", until: this.#around.now() + ms, isOnline: this.#around.isOnline() });
  }

  /** Leaves a socket that does not answer, without waiting for its close: that may take minutes. */
  #giveUp(): void {
    this.#socket?.close();
    this.#drop();
    this.#wait();
  }

  #drop(): void {
    this.#socket = undefined;
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
