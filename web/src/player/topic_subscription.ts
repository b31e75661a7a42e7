/**
 * One topic of the player, carried by a hub client: the buffer of live samples, and the cached history before them. It
 * knows no screen and no other topic, and no socket either.
 *
 * # When the hub goes away
 * The playhead stops where the line is complete, so that the last picture stays, however long the hub is away. It runs
 * on when records arrive again. A hub that keeps the connection but has stopped sending is away too.
 */

import type { Api } from "../client/api";
import type { Link } from "../client/connection";
import type { HubClient, Subscription } from "../client/hub_client";
import type { Hello, HubMessage, TopicRequest } from "../client/protocol";
import { HistoryCache } from "../history_cache";
import type { TracePart } from "../scene";
import { RECORDS_MAX, type SessionStorageArea, SnapshotStore } from "../snapshot_store";
import { TopicBuffer } from "../topic_buffer";
import type { Field } from "../topic_buffer/field";
import type { RecordLog } from "../topic_buffer/record_log";
import { WallClock } from "../wall_clock";
import { ArrivalStats, Liveness } from "./timeliness";

/** The overview shows one range at a time: the previous and the next one are enough. */
const OVERVIEW_TILES = 3;
/** A pointer moves to and fro. */
const PREVIEW_TILES = 12;

/** Delay before asking again where the history begins. */
const OLDEST_RETRY_MS = 5_000;

/** A record is overdue and nothing has arrived for this long: the hub is away. Stalls of the network are shorter. */
const SILENT_MS = 2_000;

export interface TopicSubscriptionOptions {
  readonly api: Api;
  /** Undefined for the hub's default topic. */
  readonly topic: string | undefined;
  readonly windowMs: number;
  /** Storage that keeps the window across a reload; undefined to keep nothing. */
  readonly store: (() => SessionStorageArea) | undefined;
  /** Called when the picture changes for a reason that no frame would notice by itself. */
  readonly onChange: () => void;
  /** Called when the topic has a new epoch: what was shown no longer exists. */
  readonly onEpoch: () => void;
}

/** Reads the texts of records. Parts of the page that show them bring it, so that others do without. */
export interface TextReader {
  setEpoch(epoch: string, recordMax: number): void;
  /** Undefined if it is not here, and then it is requested. */
  textOf(seq: number): string | undefined;
}

export interface TextReaderOptions {
  readonly api: Api;
  readonly topic: string;
  readonly log: RecordLog;
  /** Records have arrived. */
  readonly onChange: () => void;
}

export type OpenTexts = (options: TextReaderOptions) => TextReader;

export class TopicSubscription implements Subscription {
  /** Live samples; every message of the hub has been applied to it. */
  readonly buffer: TopicBuffer;
  readonly arrivalStats = new ArrivalStats();
  readonly #options: TopicSubscriptionOptions;
  /** The hub's time by the wall clock, for requests after a suspend or reload. */
  readonly #wallClock = new WallClock();
  readonly #liveness = new Liveness();
  /** Undefined if nothing is kept across a reload. */
  readonly #snapshots: SnapshotStore | undefined;
  /** History of the current topic; replaced when the hub changes the default topic. */
  #history: HistoryCache | undefined;
  /** A separate cache for the time navigator, whose range differs from the view's. */
  #overviewHistory: HistoryCache | undefined;
  /** The texts of records, once they have been wanted; replaced together with `#history`. */
  #texts: TextReader | undefined;
  #openTexts: OpenTexts | undefined;
  /** The length of the longest record, in bytes. */
  #recordMax = 0;
  /** And one for the range under the pointer. */
  #previewHistory: HistoryCache | undefined;
  /** Whether a trace of the current frame has asked for history. */
  #isHistoryInUse = false;
  /** Hub time of the oldest record of the current epoch, once known. */
  #oldest: number | undefined;
  /** Runs while the oldest record is unknown because the hub could not be reached. */
  #oldestRetry: ReturnType<typeof setTimeout> | undefined;
  #link: Link = { kind: "connecting" };
  /** The instant at which the playhead stands still because the hub is away; undefined while it runs. */
  #stoppedAt: number | undefined;
  /** Whether the device had a network when the last attempt to connect failed. */
  #isOnline = true;
  /** Hub time when something arrived last; undefined while the time is unknown. */
  #arrivedAt: number | undefined;
  /** The topic to ask for; undefined for the hub's default topic, which may change. */
  #topic: string | undefined;
  /** The epoch of the last `hello`; never that of a restored snapshot. */
  #epoch: string | undefined;
  /** `seq` of the newest record when the hub sent its last `hello`. */
  #seqAtHello = 0;

  constructor(options: TopicSubscriptionOptions) {
    const { topic, windowMs, store } = options;
    this.#options = options;
    this.#topic = topic;
    this.buffer = new TopicBuffer(windowMs);
    this.#snapshots = store && new SnapshotStore({ store, topic, windowMs });
    this.#restoreSnapshot();
  }

  get link(): Link {
    return this.#link;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Whether the hub refuses this topic: nothing will arrive, and no further attempts are made. */
  get isRefused(): boolean {
    return this.#link.kind === "stopped";
  }

  /** The topic's name; until the hub has confirmed it, the name in the URL. */
  get name(): string | undefined {
    return this.buffer.topic ?? this.#options.topic;
  }

  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** The topic's history; undefined until the topic has a name. */
  get history(): HistoryCache | undefined {
    return this.#history;
  }

  /** Cached history before the live samples; missing ranges are requested. */
  olderSamples(from: number, to: number, columns: number, field: Field): TracePart | undefined {
    this.#isHistoryInUse = true;
    return this.#hasFields ? this.#history?.lookup(from, to, columns, field) : undefined;
  }

  /** Call after each composed frame: stops fetching if no trace has asked for history. */
  releaseHistory(): void {
    if (!this.#isHistoryInUse) this.#history?.release();
    this.#isHistoryInUse = false;
  }

  /** Like `olderSamples`, for the time navigator, which shows another range than the view. */
  overview(from: number, to: number, columns: number, field: Field): TracePart | undefined {
    return this.#hasFields ? this.#overviewHistory?.lookup(from, to, columns, field) : undefined;
  }

  /** Whether the hub has anything to decimate: it refuses a field that no record has. */
  get #hasFields(): boolean {
    return this.buffer.fields.length > 0;
  }

  /** Reads the texts of records with what `open` returns. */
  readTexts(open: OpenTexts): void {
    this.#openTexts ??= open;
  }

  /**
   * A record as the hub has spelled it; undefined if it is not here, and then it is requested. Call `readTexts` before.
   */
  textOf(seq: number): string | undefined {
    const { topic, log } = this.buffer;
    if (topic === undefined || this.#epoch === undefined) return undefined;
    const { api, onChange } = this.#options;
    this.#texts ??= this.#openTexts?.({ api, topic, log, onChange });
    this.#texts?.setEpoch(this.#epoch, this.#recordMax);
    return this.#texts?.textOf(seq);
  }

  /** Like `overview`, for the range that the pointer is over. */
  preview(from: number, to: number, columns: number, field: Field): TracePart | undefined {
    return this.#hasFields ? this.#previewHistory?.lookup(from, to, columns, field) : undefined;
  }

  /** Stops fetching because the pointer is elsewhere. */
  releasePreview(): void {
    this.#previewHistory?.release();
  }

  /** Hub time of the oldest record that can be fetched; undefined while unknown. */
  get oldest(): number | undefined {
    return this.#oldest;
  }

  /**
   * Whether records before `begins`, the start of the live samples, must be fetched: not while the hub is about to send
   * its backfill, nor if there are none.
   */
  needsOlder(begins: number): boolean {
    const newest = this.buffer.newest?.seq ?? 0;
    if (this.#link.kind === "live" && newest < this.#seqAtHello) return false;
    return newest > 0 && !(this.#oldest !== undefined && this.#oldest >= begins);
  }

  /** Pins the current topic by name, so that it does not change when the hub's default does. */
  pin(): void {
    this.#topic ??= this.name;
  }

  get rate(): number {
    return this.buffer.rate;
  }

  request(hub: HubClient): TopicRequest {
    const hubNow = this.#wallClock.latest(Date.now(), hub.now());
    return { topic: this.#topic, joining: this.buffer.joining(hubNow) };
  }

  onLink(link: Link, hub: HubClient): void {
    this.#link = link;
    if (link.kind === "waiting") this.#isOnline = link.isOnline;
    const hubNow = hub.now();
    const isLost = link.kind === "waiting" || link.kind === "connecting";
    if (isLost && hubNow !== undefined) this.#stoppedAt ??= this.#completeUntil(hubNow);
    if (link.kind === "stopped") this.#stoppedAt = undefined;
    this.#options.onChange();
  }

  /** The instant to show when the hub's clock reads `hubNow`: the buffer's playhead, which stops while the hub is away. */
  playhead(hubNow: number): number {
    const stop = this.#stoppedAt ?? (this.isSilent(hubNow) ? this.#completeUntil(hubNow) : undefined);
    return Math.min(this.buffer.playhead(hubNow), stop ?? Number.POSITIVE_INFINITY);
  }

  #completeUntil(hubNow: number): number {
    return this.buffer.completeUntil(this.buffer.playhead(hubNow));
  }

  /** Whether nothing arrives over an open connection although something is due. */
  isSilent(hubNow: number): boolean {
    const isQuiet = this.#arrivedAt !== undefined && hubNow - this.#arrivedAt > SILENT_MS;
    return isQuiet && this.buffer.isStarving(this.buffer.playhead(hubNow));
  }

  /** Stops fetching history, for good. */
  close(): void {
    clearTimeout(this.#oldestRetry);
    this.#stopFetching();
    // Responses still in flight no longer matter.
    this.#history = undefined;
  }

  /** How far the line ends behind the playhead because records are missing, when the hub's clock reads `hubNow`. */
  lagMs(hubNow: number): number {
    const playhead = this.buffer.playhead(hubNow);
    const newest = this.buffer.isStarving(playhead) ? this.buffer.newest : undefined;
    return newest === undefined ? 0 : Math.max(0, playhead - newest.time);
  }

  isBehind(hubNow: number): boolean {
    const periodMs = this.buffer.periodMs(this.buffer.playhead(hubNow)) ?? 0;
    return this.#liveness.isBehind(this.lagMs(hubNow), periodMs);
  }

  /** Saves a snapshot for a reload, when the hub's clock reads `hubAt`. */
  saveSnapshot(hubAt: number): void {
    if (this.buffer.topic === undefined) return;
    const messages = this.buffer.snapshot(hubAt, RECORDS_MAX);
    this.#snapshots?.write({ messages, hubAt, wallAt: Date.now() }, this.buffer.windowMs);
  }

  onMessage(message: HubMessage, receivedAt: number, hub: HubClient, text: string): void {
    const hubNow = hub.now(receivedAt);
    if (message.type === "hello") this.#onHello(message);
    if (hubNow !== undefined && (message.type === "data" || message.type === "batch"))
      this.arrivalStats.record(message, this.buffer.drawn(hubNow));
    if (message.type === "pong") this.#wallClock.set({ hubAt: message.s / 1000, wallAt: Date.now() });
    // Before the first record the beginning of the epoch was unknown.
    if ((message.type === "data" || message.type === "batch") && message.seq === 1)
      this.#oldest ??= message.t / 1000;
    this.buffer.apply(message, text);
    this.#noteArrival(message, hubNow);
  }

  /** The picture runs on once there are records for it, or none to come. */
  #noteArrival(message: HubMessage, hubNow: number | undefined): void {
    const isRecord = message.type === "data" || message.type === "batch";
    const hasAll = message.type === "hello" && message.seq <= (this.buffer.newest?.seq ?? 0);
    if (isRecord || message.type === "hello") this.#arrivedAt = hubNow;
    if (isRecord || hasAll || message.type === "end") this.#stoppedAt = undefined;
  }

  #restoreSnapshot(): void {
    const snapshot = this.#snapshots?.read();
    if (snapshot === undefined) return;
    this.#wallClock.set(snapshot);
    for (const message of snapshot.messages) this.buffer.apply(message);
  }

  #onHello({ topic, epoch, seq, now, record_max = 0 }: Hello): void {
    this.#wallClock.set({ hubAt: now / 1000, wallAt: Date.now() });
    this.arrivalStats.onHello(seq);
    this.#seqAtHello = seq;
    const { api, onChange, onEpoch } = this.#options;
    if (this.#history === undefined || topic !== this.buffer.topic) {
      // If the hub chooses the topic, it may choose another one after a reconnect.
      this.#stopFetching();
      this.#history = new HistoryCache({ api, topic, onChange });
      // A live edge that is kept by the navigator: only what it lacks is fetched, and as soon as there is anything.
      const overview = { api, topic, onChange, maxTiles: OVERVIEW_TILES, refetchShare: 0 };
      this.#overviewHistory = new HistoryCache(overview);
      this.#previewHistory = new HistoryCache({ api, topic, onChange, maxTiles: PREVIEW_TILES });
      this.#texts = undefined;
    }
    this.#recordMax = record_max;
    this.#history.setEpoch(epoch);
    this.#overviewHistory?.setEpoch(epoch);
    this.#previewHistory?.setEpoch(epoch);
    if (this.#epoch !== epoch) {
      this.#oldest = undefined;
      if (this.#epoch !== undefined) onEpoch();
    }
    this.#epoch = epoch;
    if (this.#oldest === undefined) void this.#findOldest(this.#history);
    onChange();
  }

  #stopFetching(): void {
    this.#history?.release();
    this.#overviewHistory?.release();
    this.#previewHistory?.release();
  }

  async #findOldest(history: HistoryCache): Promise<void> {
    clearTimeout(this.#oldestRetry);
    const epoch = this.#epoch;
    const oldest = await history.oldestInstant();
    if (oldest === undefined || this.#epoch !== epoch || this.#history !== history) return;
    if (oldest === "unreachable") {
      this.#oldestRetry = setTimeout(() => void this.#findOldest(history), OLDEST_RETRY_MS);
      return;
    }
    this.#oldest = oldest;
    this.#options.onChange();
  }
}
