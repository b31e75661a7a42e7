/**
 * A viewer of one topic: its line to the hub, the hub's clock, and its position, put together. What comes is told
 * as events; what is shown of it, and when, is its user's business.
 *
 * # Each record once
 * `record` comes once for each record and in order, over any number of connections: a line that breaks is resumed
 * after the last record that was told.
 *
 * # Nobody looks, nobody asks
 * A hidden page keeps its line and its records, and sends nothing. When somebody looks again, the clock is measured
 * anew.
 */

import { Probes } from "./clock/probes.ts";
import { Standstill } from "./clock/standstill.ts";
import { HubClock } from "./clock.ts";
import { Connection, type Link } from "./connection.ts";
import { Events } from "./events.ts";
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
import { real, type Surroundings } from "./surroundings.ts";

export interface ClientOptions {
  /** The hub: `http(s)://` or `ws(s)://`, with the path before `/ws`, if there is one. */
  readonly url: string;
  /** Undefined: the hub's default topic. */
  readonly topic?: string | undefined;
  /**
   * What to ask for before there is a position to resume: all after one that was kept, the newest so many, or
   * undefined, the topic's `backfill`. A function is asked at every attempt and has the say, position or not.
   */
  readonly joining?: Joining | (() => Joining);
  /** For tests, and for whoever runs neither in a browser nor in Node.js. */
  readonly surroundings?: Surroundings;
}

/** A record with its place. */
export interface Publication {
  readonly seq: number;
  /** When it is due, in microseconds since the Unix epoch on the hub's clock. */
  readonly t: number;
  readonly data: Json;
}

/** Every message has an event of its type; `message` comes before it, and `record` after it. */
export type ClientEvents = {
  readonly [T in HubMessage["type"]]: [message: Extract<HubMessage, { type: T }>, receivedAt: number];
} & {
  readonly link: [link: Link];
  /** `receivedAt` is page time in milliseconds. */
  readonly message: [message: HubMessage, receivedAt: number];
  readonly record: [record: Publication];
};

/** Clocks of hubs that serve the same timeline differ by less than this, in seconds; this span is asked for twice. */
const OVERLAP_S = 0.25;

export class Client {
  /** The hub's clock; `now` asks it for the usual case. */
  readonly clock: HubClock;
  /** What the next attempt asks for. Undefined: the hub's default topic, which may be another one by then. */
  topic: string | undefined;
  readonly #around: Surroundings;
  readonly #connection: Connection;
  readonly #probes: Probes;
  readonly #events: Events<ClientEvents>;
  readonly #position = new Position();
  readonly #standstill = new Standstill();
  /** Pings count from here: what they carry must not be negative, as a page's time may be. */
  readonly #beganAt: number;
  /** What the next `hello` is the answer to. */
  #asked: Joining;
  #hello: Hello | undefined;
  #stopWatching = (): void => {};

  constructor({ url, topic, joining, surroundings = real }: ClientOptions) {
    this.topic = topic;
    this.#around = surroundings;
    this.#beganAt = surroundings.now();
    this.#events = new Events(surroundings.report);
    this.#probes = new Probes(() => this.#probe(), surroundings.after, surroundings.random);
    this.clock = new HubClock(() => this.#probes.burst());
    this.#connection = new Connection(
      {
        url,
        topic: () => this.topic,
        joining: (isSpare) => {
          const asked = this.#joining(joining);
          this.#asked = isSpare ? this.#overlapping(asked) : asked;
          return this.#asked;
        },
        onMessage: (message, receivedAt) => this.#receive(message, receivedAt),
        onLink: (link) => this.#linked(link),
      },
      surroundings,
    );
  }

  /** How the line is; `link` tells when it changes. */
  get link(): Link {
    return this.#connection.link;
  }

  /** What the hub said last as it greeted us. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** `<epoch>:<seq>` of the last record, which a later client can take up as `since`; undefined before the first. */
  get position(): string | undefined {
    return this.#position.text;
  }

  /** The hub's time in milliseconds since the Unix epoch, at page time `at` or at once; undefined while unknown. */
  now(at: number = this.#around.now()): number | undefined {
    return this.clock.isKnown ? this.clock.now(at) : undefined;
  }

  /** Calls back at every such event; the result calls it off. */
  on<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Opens the line, and from then on keeps it. */
  open(): void {
    if (this.link.kind === "closed") return;
    this.#stopWatching();
    this.#stopWatching = this.#around.onReturn(() => this.#return());
    this.#connection.open();
  }

  /** Ends the line and all that runs, for good. */
  close(): void {
    this.#stopWatching();
    this.#connection.close();
    this.#events.clear();
  }

  /** Cuts short the wait for the next attempt, if one is on. */
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
      this.#around.report(error);
      return own;
    }
  }

  /**
   * From a little before our position: another hub's clock may be behind that of the one we leave, and would not know
   * the newest record yet. Duplicates are dropped.
   */
  #overlapping(asked: Joining): Joining {
    const place = asked !== undefined && "since" in asked ? readPosition(asked.since) : undefined;
    if (place === undefined) return asked;
    const overlap = Math.ceil((this.#hello?.timeline?.rate ?? 0) * OVERLAP_S);
    return { since: `${place.epoch}:${Math.max(0, place.seq - overlap)}` };
  }

  #linked(link: Link): void {
    if (link.kind !== "live" && link.kind !== "draining") this.#probes.stop();
    this.#events.tell("link", link);
  }

  #receive(message: HubMessage, receivedAt: number): void {
    if (this.#standstill.hasHappened(receivedAt, this.#around.wall())) this.#measureAnew();
    this.#heed(message, receivedAt);
    this.#events.tell("message", message, receivedAt);
    // A message's type is its event's name, which the compiler cannot follow through a union.
    this.#events.tell(message.type, message as never, receivedAt);
    if (message.type === "data") this.#record(message.seq, message.t, message.data);
    if (message.type === "batch") this.#recordAll(message);
  }

  /** What the client itself makes of a message, before anybody is told. */
  #heed(message: HubMessage, receivedAt: number): void {
    switch (message.type) {
      case "hello":
        this.#hello = message;
        this.#position.greet(message, this.#asked);
        this.#measureAnew();
        break;
      case "gap":
        this.#position.miss(message);
        break;
      case "data":
        this.clock.arrived(message.t / 1000, receivedAt);
        break;
      case "batch":
        this.clock.arrived(instantOf(message, message.data.length - 1) / 1000, receivedAt);
        break;
      case "pong":
        this.clock.probed(this.#beganAt + message.id / 1000, message.r / 1000, message.s / 1000, receivedAt);
        break;
    }
  }

  #recordAll(batch: Batch): void {
    const { seq, data } = batch;
    // Nobody listens: then only the last place counts, and nothing is taken apart.
    if (!this.#events.has("record")) this.#position.advance(seq + data.length - 1);
    else for (const [i, record] of data.entries()) this.#record(seq + i, instantOf(batch, i), record);
  }

  #record(seq: number, t: number, data: Json): void {
    // A listener may have closed the line in the middle of a batch.
    if (this.link.kind === "closed" || !this.#position.advance(seq)) return;
    if (this.#events.has("record")) this.#events.tell("record", { seq, t, data });
  }

  #return(): void {
    this.#connection.retryNow();
    // Timers were slow while hidden, and the machine may have slept.
    if (this.link.kind === "live") this.#measureAnew();
  }

  #measureAnew(): void {
    this.clock.forget();
    this.#probes.burst();
  }

  #probe(): void {
    if (this.#around.isHidden()) this.#probes.stop();
    else this.#connection.ping(Math.floor((this.#around.now() - this.#beganAt) * 1000));
  }
}
