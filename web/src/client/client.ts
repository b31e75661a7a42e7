/**
 * A viewer of one topic: combines the connection to the hub, the hub's clock and the viewer's position, and emits what
 * arrives as events. What is drawn, and when, is up to the user of this class.
 *
 * # Each record once
 * `record` is emitted once per record and in order, over any number of connections: after a lost connection the stream
 * is resumed after the last record emitted.
 *
 * # Hidden pages
 * A hidden page keeps its connection and its records but sends nothing. When it becomes visible again, the clock is
 * measured again.
 */

import { Probes } from "./clock/probes.ts";
import { SuspendDetector } from "./clock/suspend_detector.ts";
import { HubClock } from "./clock.ts";
import { Connection, type Link } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import { Position } from "./position.ts";
import {
  type Batch,
  type Hello,
  type HubMessage,
  instantOf,
  type Joining,
  type Json,
  readPosition,
} from "./protocol.ts";
import { defaultRuntime, type Runtime } from "./runtime.ts";

export interface ClientOptions {
  /** The hub's URL: `http(s)://` or `ws(s)://`, including any path before `/ws`. */
  readonly url: string;
  /** Undefined for the hub's default topic. */
  readonly topic?: string | undefined;
  /**
   * What to request before there is a position to resume from: everything after a stored position, the newest records,
   * or undefined for the topic's `backfill`. A function is called for every attempt and overrides the position.
   */
  readonly joining?: Joining | (() => Joining);
  /** For tests, and for environments other than browsers and Node.js. */
  readonly runtime?: Runtime;
}

/** A record with its `seq` and instant. */
export interface Publication {
  readonly seq: number;
  /** When it is due: microseconds since the Unix epoch on the hub's clock. */
  readonly t: number;
  readonly data: Json;
}

/** Every message is emitted as an event named after its type; `message` is emitted before it, `record` after it. */
export type ClientEvents = {
  readonly [T in HubMessage["type"]]: [message: Extract<HubMessage, { type: T }>, receivedAt: number];
} & {
  readonly link: [link: Link];
  /** `receivedAt` is page time in milliseconds. */
  readonly message: [message: HubMessage, receivedAt: number];
  readonly record: [record: Publication];
};

/**
 * Clocks of hubs that serve the same timeline differ by less than this many seconds; records of this span are requested
 * again after a move.
 */
const OVERLAP_S = 0.25;

export class Client {
  /** The hub's clock; `now` is a shortcut to it. */
  readonly clock: HubClock;
  /**
   * The topic that the next attempt asks for. Undefined is the hub's default topic, which may be another one by then.
   */
  topic: string | undefined;
  readonly #runtime: Runtime;
  readonly #connection: Connection;
  readonly #probes: Probes;
  readonly #events: Emitter<ClientEvents>;
  readonly #position = new Position();
  readonly #suspendDetector = new SuspendDetector();
  /** Origin of the ids in pings, which must not be negative, whereas page time may be. */
  readonly #startedAt: number;
  /** The request that the next `hello` answers. */
  #requested: Joining;
  /** The last `hello`, of any connection. */
  #hello: Hello | undefined;
  #stopWatching = (): void => {};

  constructor({ url, topic, joining, runtime = defaultRuntime }: ClientOptions) {
    this.topic = topic;
    this.#runtime = runtime;
    this.#startedAt = runtime.now();
    this.#events = new Emitter(runtime.report);
    this.#probes = new Probes(() => this.#probe(), runtime.after, runtime.random);
    this.clock = new HubClock(() => this.#probes.burst());
    this.#connection = new Connection(
      {
        url,
        topic: () => this.topic,
        joining: (isSpare) => {
          const requested = this.#joining(joining);
          this.#requested = isSpare ? this.#withOverlap(requested) : requested;
          return this.#requested;
        },
        onMessage: (message, receivedAt) => this.#onMessage(message, receivedAt),
        onLink: (link) => this.#onLink(link),
      },
      runtime,
    );
  }

  /** The connection state; changes are emitted as `link`. */
  get link(): Link {
    return this.#connection.link;
  }

  /** The last `hello` received. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** `<epoch>:<seq>` of the last record, usable as `since` by a later client; undefined before the first record. */
  get position(): string | undefined {
    return this.#position.text;
  }

  /** The hub's time at page time `at` (default: now), in milliseconds since the Unix epoch; undefined while unknown. */
  now(at: number = this.#runtime.now()): number | undefined {
    return this.clock.isKnown ? this.clock.now(at) : undefined;
  }

  /** Adds a listener; the returned function removes it. */
  on<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Connects, and reconnects from then on whenever the connection is lost. */
  open(): void {
    if (this.link.kind === "closed") return;
    this.#stopWatching();
    this.#stopWatching = this.#runtime.onReturn(() => this.#onReturn());
    this.#connection.open();
  }

  /** Closes the connection and stops all timers, for good. */
  close(): void {
    this.#stopWatching();
    this.#connection.close();
    this.#events.clear();
  }

  /** Retries immediately if the client is waiting to reconnect. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  #joining(joining: ClientOptions["joining"]): Joining {
    const since = this.position;
    const own = since === undefined ? undefined : { since };
    if (typeof joining !== "function") return own ?? joining;
    try {
      return joining();
    } catch (error) {
      this.#runtime.report(error);
      return own;
    }
  }

  /**
   * Rewinds the position slightly: the next hub's clock may be behind that of the hub we leave, so that it would not
   * know our newest record yet. Duplicates are dropped.
   */
  #withOverlap(requested: Joining): Joining {
    const position =
      requested !== undefined && "since" in requested ? readPosition(requested.since) : undefined;
    if (position === undefined) return requested;
    const overlap = Math.ceil((this.#hello?.timeline?.rate ?? 0) * OVERLAP_S);
    return { since: `${position.epoch}:${Math.max(0, position.seq - overlap)}` };
  }

  #onLink(link: Link): void {
    if (link.kind !== "live" && link.kind !== "draining") this.#probes.stop();
    this.#events.emit("link", link);
  }

  #onMessage(message: HubMessage, receivedAt: number): void {
    if (this.#suspendDetector.wasSuspended(receivedAt, this.#runtime.wall())) this.#remeasure();
    this.#handle(message, receivedAt);
    this.#events.emit("message", message, receivedAt);
    // A message's type is its event's name, which the compiler cannot follow through a union.
    this.#events.emit(message.type, message as never, receivedAt);
    if (message.type === "data") this.#emitRecord(message.seq, message.t, message.data);
    if (message.type === "batch") this.#emitRecords(message);
  }

  /** Updates the client's own state before listeners run. */
  #handle(message: HubMessage, receivedAt: number): void {
    switch (message.type) {
      case "hello":
        this.#hello = message;
        this.#position.onHello(message, this.#requested);
        this.#remeasure();
        break;
      case "gap":
        this.#position.onGap(message);
        break;
      case "data":
        this.clock.arrived(message.t / 1000, receivedAt);
        break;
      case "batch":
        this.clock.arrived(instantOf(message, message.data.length - 1) / 1000, receivedAt);
        break;
      case "pong":
        this.clock.probed(
          this.#startedAt + message.id / 1000,
          message.r / 1000,
          message.s / 1000,
          receivedAt,
        );
        break;
    }
  }

  #emitRecords(batch: Batch): void {
    const { seq, data } = batch;
    // Without listeners only the last position matters, and the batch is not taken apart.
    if (!this.#events.has("record")) this.#position.advance(seq + data.length - 1);
    else for (const [i, record] of data.entries()) this.#emitRecord(seq + i, instantOf(batch, i), record);
  }

  #emitRecord(seq: number, t: number, data: Json): void {
    // A listener may have closed the client in the middle of a batch.
    if (this.link.kind === "closed" || !this.#position.advance(seq)) return;
    if (this.#events.has("record")) this.#events.emit("record", { seq, t, data });
  }

  #onReturn(): void {
    this.#connection.retryNow();
    // Timers are throttled while hidden, and the machine may have slept.
    if (this.link.kind === "live") this.#remeasure();
  }

  #remeasure(): void {
    this.clock.forget();
    this.#probes.burst();
  }

  #probe(): void {
    if (this.#runtime.isHidden()) this.#probes.stop();
    else this.#connection.ping(Math.floor((this.#runtime.now() - this.#startedAt) * 1000));
  }
}
