/**
 * A viewer's connection to a hub, and the hub's clock as measured over it. It carries topic subscriptions: it asks the
 * hub for them and passes on what arrives. It does not know what a topic has sent so far, nor what is drawn.
 *
 * # One topic per connection
 * The messages of `tickcast.v1` do not name their topic, so a connection carries one subscription and passes every
 * message to it. Once messages name their topic, several can share a connection and its clock.
 *
 * # Hidden pages
 * A hidden page keeps its connection and sends nothing. When it becomes visible again, the clock is measured again.
 */

import type { Api } from "./api.ts";
import { Probes, SuspendDetector } from "./clock/probes.ts";
import { HubClock } from "./clock.ts";
import { Connection, type Link } from "./connection.ts";
import {
  type HubMessage,
  instantOf,
  type Joining,
  type Report,
  readPosition,
  type TopicRequest,
} from "./protocol.ts";
import { defaultRuntime, type Runtime } from "./runtime.ts";

/** One topic's side of a connection. */
export interface Subscription {
  /** Records per second that the topic publishes; 0 if unknown. */
  readonly rate: number;
  /** What to request; called for every attempt, because a position may have become too old in between. */
  request(hub: HubClient): TopicRequest;
  /** `receivedAt` is page time in milliseconds; `text` is the frame as the hub has spelled it. */
  onMessage(message: HubMessage, receivedAt: number, hub: HubClient, text: string): void;
  onLink(link: Link, hub: HubClient): void;
}

/**
 * Clocks of hubs that serve the same timeline differ by less than this many seconds; records of this span are requested
 * again after a move.
 */
const OVERLAP_S = 0.25;

export class HubClient {
  /** The hub's clock; `now` is a shortcut to it. */
  readonly clock: HubClock;
  readonly #subscriptions: readonly [Subscription];
  readonly #runtime: Runtime;
  readonly #connection: Connection;
  readonly #probes: Probes;
  readonly #suspendDetector = new SuspendDetector();
  /** Origin of the ids in pings, which must not be negative, whereas page time may be. */
  readonly #startedAt: number;
  #stopWatching = (): void => {};

  constructor(api: Api, subscriptions: readonly [Subscription], runtime: Runtime = defaultRuntime) {
    this.#subscriptions = subscriptions;
    this.#runtime = runtime;
    this.#startedAt = runtime.now();
    this.#probes = new Probes(() => this.#probe(), runtime.after, runtime.random);
    this.clock = new HubClock(() => this.#probes.burst());
    this.#connection = new Connection(
      {
        api,
        request: (isSpare) => this.#request(isSpare),
        onMessage: (message, receivedAt, text) => this.#onMessage(message, receivedAt, text),
        onLink: (link) => this.#onLink(link),
      },
      runtime,
    );
  }

  get link(): Link {
    return this.#connection.link;
  }

  /** The hub's time at page time `at` (default: now), in milliseconds since the Unix epoch; undefined while unknown. */
  now(at: number = this.#runtime.now()): number | undefined {
    return this.clock.isKnown ? this.clock.now(at) : undefined;
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
  }

  /** Retries immediately if waiting to reconnect. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  /** Reports to the hub how well this page draws; lost if it is not connected. */
  report(report: Report): void {
    this.#connection.report(report);
  }

  /**
   * A spare connection may lead to a hub whose clock is behind that of the hub we leave, and which does not know our
   * newest record yet; so records are requested again, and the subscription drops duplicates.
   */
  #request(isSpare: boolean): TopicRequest {
    const [subscription] = this.#subscriptions;
    const { topic, joining } = subscription.request(this);
    return { topic, joining: isSpare ? rewound(joining, subscription.rate * OVERLAP_S) : joining };
  }

  #onLink(link: Link): void {
    if (link.kind !== "live" && link.kind !== "draining") this.#probes.stop();
    for (const subscription of this.#subscriptions) subscription.onLink(link, this);
  }

  #onMessage(message: HubMessage, receivedAt: number, text: string): void {
    if (this.#suspendDetector.wasSuspended(receivedAt, this.#runtime.wall())) this.#remeasure();
    this.#observe(message, receivedAt);
    for (const subscription of this.#subscriptions) subscription.onMessage(message, receivedAt, this, text);
  }

  /** Learns about the hub's clock. */
  #observe(message: HubMessage, receivedAt: number): void {
    switch (message.type) {
      case "hello":
        this.#remeasure();
        break;
      case "data":
        this.clock.arrived(message.t / 1000, receivedAt);
        break;
      case "batch":
        this.clock.arrived(instantOf(message, message.data.length - 1) / 1000, receivedAt);
        break;
      case "pong": {
        const sentAt = this.#startedAt + message.id / 1000;
        this.clock.probed(sentAt, message.r / 1000, message.s / 1000, receivedAt);
        break;
      }
    }
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

/** The request with its position moved back by this many records. */
function rewound(joining: Joining, records: number): Joining {
  const position = joining !== undefined && "since" in joining ? readPosition(joining.since) : undefined;
  if (position === undefined) return joining;
  return { since: `${position.epoch}:${Math.max(0, position.seq - Math.ceil(records))}` };
}
