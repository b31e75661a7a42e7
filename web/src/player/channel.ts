/**
 * One topic as the player has it: the line to the hub, what came over it, and the way to what came before. It knows no
 * screen, and no other topic.
 */

import { Client } from "../client/client";
import type { Link } from "../client/connection";
import type { Hello, HubMessage } from "../client/protocol";
import { Past } from "../past";
import type { Part } from "../scene";
import { RECORDS_MAX, Session, type Store } from "../session";
import { Timeline } from "../timeline";
import type { Field } from "../timeline/field";
import { WallClock } from "../wall";
import { Arrivals } from "./arrivals";
import { Liveness } from "./liveness";

/** The overview shows one range at a time: the one before it and the one to come are enough. */
const OVERVIEW_PIECES = 3;

/** A hub that could not say where history begins is asked again after this. */
const OLDEST_AGAIN_MS = 5_000;

export interface ChannelOptions {
  /** The hub's address. */
  readonly url: string;
  /** Undefined: the hub's default topic. */
  readonly topic: string | undefined;
  readonly windowMs: number;
  /** Where to remember the window across a reload; undefined: nowhere. */
  readonly store: (() => Store) | undefined;
  /** Something else is to be seen than a moment ago, which no frame would find by itself. */
  readonly onChange: () => void;
  /** The topic's timeline is another one: what was looked at is no more. */
  readonly onEpoch: () => void;
}

export class Channel {
  readonly timeline: Timeline;
  readonly client: Client;
  readonly arrivals = new Arrivals();
  readonly #options: ChannelOptions;
  readonly #wall = new WallClock();
  readonly #liveness = new Liveness();
  readonly #session: Session | undefined;
  #past: Past | undefined;
  #overview: Past | undefined;
  #isPastWanted = false;
  #oldest: number | undefined;
  #askingAgain: ReturnType<typeof setTimeout> | undefined;
  #link: Link = { kind: "connecting" };
  #epoch: string | undefined;
  /** What the hub had when it said hello last. */
  #promised = 0;

  constructor(options: ChannelOptions) {
    const { url, topic, windowMs, store } = options;
    this.#options = options;
    this.timeline = new Timeline(windowMs);
    this.#session = store && new Session({ store, topic, windowMs });
    this.#recall();
    this.client = new Client({
      url,
      topic,
      joining: () => this.timeline.joining(this.#wall.latest(Date.now(), this.client.now())),
    });
    this.client.on("message", (message, at) => this.#take(message, at));
    this.client.on("link", (link) => {
      this.#link = link;
      options.onChange();
    });
  }

  get link(): Link {
    return this.#link;
  }

  /** The hub does not serve it, or no more: nothing is to come, and nobody asks for it again. */
  get isRefused(): boolean {
    return this.#link.kind === "stopped";
  }

  /** The topic's name; what the address says until the hub has said it. */
  get name(): string | undefined {
    return this.timeline.topic ?? this.#options.topic;
  }

  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** The hub's history of this topic; undefined until the topic has a name. */
  get past(): Past | undefined {
    return this.#past;
  }

  /** What was due before the live part begins, as far as it has been fetched; what is lacking is asked for. */
  older(from: number, to: number, columns: number, field: Field): Part | undefined {
    this.#isPastWanted = true;
    return this.#past?.trace(from, to, columns, field);
  }

  /** A frame has been composed: what no line of it asked for is wanted no more. */
  rest(): void {
    if (!this.#isPastWanted) this.#past?.rest();
    this.#isPastWanted = false;
  }

  /** The same for an overview, which looks at another range than the view does. */
  overview(from: number, to: number, columns: number, field: Field): Part | undefined {
    return this.#overview?.trace(from, to, columns, field);
  }

  /** Hub time of the oldest record that can be fetched; undefined while that is not known. */
  get oldest(): number | undefined {
    return this.#oldest;
  }

  /**
   * Whether what was due before `begins`, where the live part begins, must be asked for: not while the hub is about to send
   * what it had when this page joined, nor where nothing was before.
   */
  hasOlder(begins: number): boolean {
    const newest = this.timeline.newest?.seq ?? 0;
    if (this.#link.kind === "live" && newest < this.#promised) return false;
    return newest > 0 && !(this.#oldest !== undefined && this.#oldest >= begins);
  }

  /** Somebody wants this one by its name: it does not become another where the hub chooses anew. */
  pin(): void {
    this.client.topic ??= this.name;
  }

  open(): void {
    this.client.open();
  }

  close(): void {
    this.client.close();
    clearTimeout(this.#askingAgain);
    this.#stopFetching();
    // What is still to be answered is nothing to us then.
    this.#past = undefined;
  }

  /** By how much the line lags, for want of records, behind where it should end when the hub's clock reads `hubNow`. */
  lagMs(hubNow: number): number {
    const playhead = this.timeline.playhead(hubNow);
    const newest = this.timeline.isStarving(playhead) ? this.timeline.newest : undefined;
    return newest === undefined ? 0 : Math.max(0, playhead - newest.time);
  }

  isBehind(hubNow: number): boolean {
    return this.#liveness.isBehind(this.lagMs(hubNow), this.timeline.periodMs ?? 0);
  }

  /** Writes down what a reload should find. Without the hub's time nothing is known about the window. */
  remember(): void {
    const hubAt = this.client.now();
    if (hubAt === undefined || this.timeline.topic === undefined) return;
    const messages = this.timeline.recording(hubAt, RECORDS_MAX);
    this.#session?.write({ messages, hubAt, wallAt: Date.now() }, this.timeline.windowMs);
  }

  #recall(): void {
    const kept = this.#session?.read();
    if (kept === undefined) return;
    this.#wall.mark(kept);
    for (const message of kept.messages) this.timeline.apply(message);
  }

  #take(message: HubMessage, receivedAt: number): void {
    const hubNow = this.client.now(receivedAt);
    if (message.type === "hello") this.#greet(message);
    if (hubNow !== undefined && (message.type === "data" || message.type === "batch"))
      this.arrivals.take(message, hubNow - this.timeline.delayMs);
    if (message.type === "pong") this.#wall.mark({ hubAt: message.s / 1000, wallAt: Date.now() });
    // Nobody could say where the epoch begins before it did.
    if ((message.type === "data" || message.type === "batch") && message.seq === 1)
      this.#oldest ??= message.t / 1000;
    this.timeline.apply(message);
  }

  #greet({ topic, epoch, seq, now }: Hello): void {
    this.#wall.mark({ hubAt: now / 1000, wallAt: Date.now() });
    this.arrivals.begin(seq);
    this.#promised = seq;
    const { url, onChange, onEpoch } = this.#options;
    if (this.#past === undefined || topic !== this.timeline.topic) {
      // Where the hub chooses the topic, it may choose another one the next time.
      this.#stopFetching();
      this.#past = new Past({ url, topic, onChange });
      this.#overview = new Past({ url, topic, onChange, pieces: OVERVIEW_PIECES });
    }
    this.#past.expect(epoch);
    this.#overview?.expect(epoch);
    if (this.#epoch !== epoch) {
      this.#oldest = undefined;
      if (this.#epoch !== undefined) onEpoch();
    }
    this.#epoch = epoch;
    if (this.#oldest === undefined) void this.#findOldest(this.#past);
    onChange();
  }

  #stopFetching(): void {
    this.#past?.rest();
    this.#overview?.rest();
  }

  async #findOldest(past: Past): Promise<void> {
    clearTimeout(this.#askingAgain);
    const epoch = this.#epoch;
    const oldest = await past.beginning();
    if (oldest === undefined || this.#epoch !== epoch || this.#past !== past) return;
    if (oldest === "unreachable") {
      this.#askingAgain = setTimeout(() => void this.#findOldest(past), OLDEST_AGAIN_MS);
      return;
    }
    this.#oldest = oldest;
    this.#options.onChange();
  }
}
