/**
 * A viewer of one topic: combines a connection to the hub with the viewer's position, and emits what arrives as events.
 * What is drawn, and when, is up to the user of this class.
 *
 * # Each record once
 * `record` is emitted once per record and in order, over any number of connections: after a lost connection the stream
 * is resumed after the last record emitted.
 */

import { Api } from "./api.ts";
import type { HubClock } from "./clock.ts";
import type { Link } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import { HubClient, type Subscription } from "./hub_client.ts";
import { Playout, recordsPerSecond } from "./playout.ts";
import {
  type Batch,
  type Gap,
  type Hello,
  type HubMessage,
  instantOf,
  type Joining,
  type Json,
} from "./protocol.ts";
import { type Runtime, runtimeFor, type SocketClass } from "./runtime.ts";

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
  /** Replaces the environment's `WebSocket`, which Node.js has from version 22 on: that of the package `ws`, for example. */
  readonly WebSocket?: SocketClass;
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

export class Client {
  /**
   * The topic that the next attempt asks for. Undefined is the hub's default topic, which may be another one by then.
   */
  topic: string | undefined;
  readonly #runtime: Runtime;
  readonly #hub: HubClient;
  readonly #events: Emitter<ClientEvents>;
  readonly #position = new Position();
  readonly #playout = new Playout();
  /** The request that the next `hello` answers. */
  #requested: Joining;
  /** The last `hello`, of any connection. */
  #hello: Hello | undefined;

  constructor({ url, topic, joining, WebSocket: type, runtime = runtimeFor(type) }: ClientOptions) {
    this.topic = topic;
    this.#runtime = runtime;
    this.#events = new Emitter(runtime.report);
    const client = this;
    const subscription: Subscription = {
      get rate() {
        const segment = client.#playout.latest?.segment;
        return segment === undefined ? 0 : recordsPerSecond(segment);
      },
      request: () => {
        this.#requested = this.#joining(joining);
        return { topic: this.topic, joining: this.#requested };
      },
      onMessage: (message, receivedAt) => this.#onMessage(message, receivedAt),
      onLink: (link) => this.#events.emit("link", link),
    };
    this.#hub = new HubClient(new Api(url, runtime), [subscription], runtime);
  }

  /** The hub's clock; `now` is a shortcut to it. */
  get clock(): HubClock {
    return this.#hub.clock;
  }

  /** The connection state; changes are emitted as `link`. */
  get link(): Link {
    return this.#hub.link;
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
  now(at?: number): number | undefined {
    return this.#hub.now(at);
  }

  /**
   * The instant to draw at page time `at` (default: now), the same in all viewers: the hub's time minus the playout
   * delay, in milliseconds since the Unix epoch; undefined while the time is unknown.
   */
  drawn(at?: number): number | undefined {
    const now = this.now(at);
    return now === undefined ? undefined : this.#playout.drawn(now);
  }

  /** Adds a listener; the returned function removes it. */
  on<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Connects, and reconnects from then on whenever the connection is lost. */
  open(): void {
    this.#hub.open();
  }

  /** Closes the connection and stops all timers, for good. */
  close(): void {
    this.#hub.close();
    this.#events.clear();
  }

  /** Retries immediately if the client is waiting to reconnect. */
  retryNow(): void {
    this.#hub.retryNow();
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

  #onMessage(message: HubMessage, receivedAt: number): void {
    // The client's own state is updated before listeners run.
    if (message.type === "hello") {
      this.#hello = message;
      this.#position.onHello(message, this.#requested);
      this.#playout.onHello(message);
    } else if (message.type === "state") this.#playout.onState(message);
    else if (message.type === "gap") this.#position.onGap(message);
    this.#events.emit("message", message, receivedAt);
    // A message's type is its event's name, which the compiler cannot follow through a union.
    this.#events.emit(message.type, message as never, receivedAt);
    if (message.type === "data") this.#emitRecord(message.seq, message.t, message.data);
    if (message.type === "batch") this.#emitRecords(message);
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
}

/**
 * The viewer's position in the stream: where to resume after a reconnect, and which records are duplicates. Only `seq`
 * decides whether a record is new, so it does not matter how often, and over which connection, it arrives.
 */
class Position {
  #epoch: string | undefined;
  #seq = 0;

  /** `<epoch>:<seq>` of the newest record, or undefined before the first. */
  get text(): string | undefined {
    return this.#seq > 0 ? `${this.#epoch}:${this.#seq}` : undefined;
  }

  /**
   * Resets the position for a new epoch, and for a hub that is behind us and has not resumed from our position, because
   * it has a different history.
   */
  onHello({ epoch, seq, recovered }: Hello, requested: Joining): void {
    const hasResumed = requested !== undefined && "since" in requested && recovered === true;
    if (epoch !== this.#epoch || (seq < this.#seq && !hasResumed)) this.#seq = 0;
    this.#epoch = epoch;
  }

  /**
   * A gap without a range means that the hub does not know our position. Other missing records may still arrive later.
   */
  onGap({ from }: Gap): void {
    if (from === null) this.#seq = 0;
  }

  /** Advances to `seq` if the record is new; returns whether it was. */
  advance(seq: number): boolean {
    if (seq <= this.#seq) return false;
    this.#seq = seq;
    return true;
  }
}
