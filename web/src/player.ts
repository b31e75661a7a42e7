/**
 * Decides what is drawn in each frame: topics of one hub on one time axis, at the instant that every other screen draws
 * too. It combines the topic subscriptions, the hub's clock and this viewer's viewport; it draws nothing and knows no
 * elements.
 *
 * # One axis
 * A hub has one clock, so one clock estimate serves all topics: the first that is known. Each topic's line ends at the
 * instant due for that topic, hub time minus the topic's delay; the newest of these instants is the right edge of the
 * axis. A topic that the hub now refuses is no longer measured, so it is consulted only if there is no other.
 */

import type { Api } from "./client/api";
import type { Link } from "./client/connection";
import { HubClient } from "./client/hub_client";
import { defaultRuntime, type Runtime } from "./client/runtime";
import { parseExact } from "./exact_json";
import type { InstantLookup } from "./history_cache";
import type { VisibleRange } from "./history_cache/time_range";
import { QualityReporter, reportedTopic } from "./player/quality_report";
import { SeriesChoices } from "./player/series_choices";
import { Palette, type SeriesTrace } from "./player/series_trace";
import { TopicSubscription } from "./player/topic_subscription";
import { fieldTraces, isLine, newestBefore, type PlayerScene, recordTrace } from "./player/topic_traces";
import { labelSeries } from "./scene/series_labels";
import type { SessionStorageArea } from "./snapshot_store";
import type { Field } from "./topic_buffer/field";
import type { Seam } from "./topic_buffer/laps";
import { Viewport } from "./viewport";

export interface PlayerOptions {
  readonly api: Api;
  /** Empty for the hub's default topic. */
  readonly topics: readonly string[];
  readonly windowMs: number;
  /** The columns that are drawn, see `SeriesChoices`; by default the first ones of each topic. */
  readonly columns?: readonly string[] | undefined;
  /** Storage that keeps the window across a reload; without it nothing is kept. */
  readonly store?: () => SessionStorageArea;
  /** Called when the picture changes for a reason that no frame would notice by itself. */
  readonly onChange: () => void;
  /** Sockets and clocks, for simulated viewers. */
  readonly runtime?: Runtime;
}

export class Player {
  readonly viewport: Viewport;
  readonly choices: SeriesChoices;
  readonly #options: PlayerOptions;
  readonly #runtime: Runtime;
  readonly #palette = new Palette();
  /** The one scene object, refilled for every frame. */
  readonly #scene = {
    from: 0,
    to: 0,
    traces: [] as SeriesTrace[],
    others: [] as readonly SeriesTrace[],
    records: [] as readonly SeriesTrace[],
    seams: [] as readonly Seam[],
    isFollowing: true,
  };
  /** The visible range of the current frame; one object for all frames. */
  readonly #visible = { from: 0, to: 0, columns: 0 };
  readonly #qualityReporter: QualityReporter;
  /** One per topic shown, in display order; never empty. */
  #subscriptions: TopicSubscription[] = [];
  /** The hub client that carries each subscription: one each, because a connection carries one topic. */
  readonly #hubs = new Map<TopicSubscription, HubClient>();
  /** One per line of each topic, in legend order; rebuilt when the fields of a topic change. */
  #traces: SeriesTrace[] = [];
  /** The same for fields that are not numbers, and for the records of each topic. */
  #others: readonly SeriesTrace[] = [];
  #records: readonly SeriesTrace[] = [];
  /** The field lists that `#traces` was created for, one per subscription; empty to force a rebuild. */
  #knownFields: (readonly Field[])[] = [];
  /** The window that the buffers were last sized for. */
  #windowMs: number;
  #isDefaultTopic = true;
  #hasOtherEpoch = false;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.choices = new SeriesChoices(options.columns ?? [], () => {
      this.#knownFields = [];
    });
    // Records keep the spelling of numbers that a double does not hold.
    this.#runtime = { ...(options.runtime ?? defaultRuntime), parse: parseExact };
    this.#qualityReporter = new QualityReporter(this.#runtime.random);
    this.viewport = new Viewport(options.windowMs);
    this.#windowMs = options.windowMs;
    this.showTopics(options.topics);
  }

  get subscriptions(): readonly TopicSubscription[] {
    return this.#subscriptions;
  }

  /** The traces of all lines of the columns that are drawn, visible or hidden. */
  get traces(): readonly SeriesTrace[] {
    return this.#traces;
  }

  /** Whether any column could be a line, drawn or not. */
  get hasLines(): boolean {
    return this.#subscriptions.some(({ buffer }) => buffer.fields.some(({ kind }) => kind === undefined));
  }

  /** Names of the topics shown; the default topic is missing until the hub has named it. */
  get topics(): string[] {
    return this.#subscriptions.map(({ name }) => name).filter((name) => name !== undefined);
  }

  /** Whether no topic was chosen, so that the hub's default is shown. */
  get isDefaultTopic(): boolean {
    return this.#isDefaultTopic;
  }

  /** The subscription that represents the page where only one can: the first that the hub does not refuse. */
  get lead(): TopicSubscription {
    return (
      this.#subscriptions.find(({ isRefused }) => !isRefused) ?? (this.#subscriptions[0] as TopicSubscription)
    );
  }

  /** The connection state, taken from the lead topic. */
  get link(): Link {
    return this.lead.link;
  }

  /** Whether the requested moment belongs to an epoch that has ended. */
  get hasOtherEpoch(): boolean {
    return this.#hasOtherEpoch;
  }

  /** Shows these topics, in this order; subscriptions that already exist are kept. */
  showTopics(names: readonly string[]): void {
    this.#isDefaultTopic = names.length === 0;
    this.#hasOtherEpoch = false;
    const wanted: (string | undefined)[] = names.length > 0 ? [...new Set(names)] : [undefined];
    const before = this.#subscriptions;
    this.#subscriptions = wanted.map(
      (name) => before.find((subscription) => subscription.name === name) ?? this.#open(name),
    );
    if (!this.#isDefaultTopic) for (const subscription of this.#subscriptions) subscription.pin();
    for (const subscription of before)
      if (!this.#subscriptions.includes(subscription)) this.#close(subscription);
    this.#knownFields = [];
    this.#options.onChange();
  }

  toggle(key: string): void {
    const trace = this.#traces.find(({ series }) => series.key === key);
    if (trace !== undefined) this.#show(trace, !trace.isShown);
  }

  /** Shows only this series, or all of them if it is already the only one. */
  solo(key: string): void {
    const isAlone = this.#traces.every(({ series, isShown }) => isShown === (series.key === key));
    for (const trace of this.#traces) this.#show(trace, isAlone || trace.series.key === key);
  }

  /** The hub's time at page time `at`; undefined while unknown. */
  hubNow(at = this.#runtime.now()): number | undefined {
    return this.#timekeeper?.now(at);
  }

  /** Upper bound of the error of `hubNow(at)`, in milliseconds; undefined while unknown. */
  errorBound(at: number): number | undefined {
    return this.#timekeeper?.clock.errorBound(at);
  }

  /** The hub client whose clock is used: the first that knows the time, preferably of a topic that is not refused. */
  get #timekeeper(): HubClient | undefined {
    let other: HubClient | undefined;
    for (const subscription of this.#subscriptions) {
      const hub = this.#hubs.get(subscription);
      if (hub?.clock.isKnown !== true) continue;
      if (!subscription.isRefused) return hub;
      other ??= hub;
    }
    return other;
  }

  /** The newest visible instant when the hub's clock reads `hubNow`. */
  newest(hubNow: number): number {
    let newest = Number.NEGATIVE_INFINITY;
    let other = Number.NEGATIVE_INFINITY;
    for (const subscription of this.#subscriptions) {
      // The delay of a topic that has not answered yet is unknown.
      if (subscription.buffer.epoch === undefined) continue;
      const playhead = subscription.playhead(hubNow);
      if (subscription.isRefused) other = Math.max(other, playhead);
      else newest = Math.max(newest, playhead);
    }
    return Number.isFinite(newest) ? newest : other;
  }

  /** Hub time of the oldest record that can be fetched; undefined while unknown. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const subscription of this.#subscriptions)
      if (subscription.oldest !== undefined)
        oldest = Math.min(subscription.oldest, oldest ?? subscription.oldest);
    return oldest;
  }

  /** The trace that represents the page: the first visible one, preferably of the lead topic. */
  get leadTrace(): SeriesTrace | undefined {
    const { lead } = this;
    let other: SeriesTrace | undefined;
    for (const trace of this.#traces) {
      if (trace.isShown && trace.subscription === lead) return trace;
      if (trace.isShown) other ??= trace;
    }
    return other;
  }

  /** The records of each topic, in the order of the topics. */
  get records(): readonly SeriesTrace[] {
    return this.#records;
  }

  /** The records of the lead topic, which represent a page without lines. */
  get leadRecords(): SeriesTrace | undefined {
    return this.#records.find(({ subscription }) => subscription === this.lead);
  }

  /**
   * A number that changes whenever a record arrives that a picture up to this instant would show: on a slow connection,
   * or after an interruption, records arrive after their instant. Later records do not change it.
   */
  revisionUntil(instant: number): number {
    let seqs = 0;
    for (const { isShown, subscription } of this.#traces)
      if (isShown) seqs += newestBefore(subscription, instant);
    for (const { subscription } of this.#records) seqs += newestBefore(subscription, instant);
    return seqs;
  }

  /** The `seq` of the newest record shown up to an instant; undefined if none is shown. */
  seqAt(instant: number): number | undefined {
    const trace = this.leadTrace ?? this.leadRecords;
    return trace?.sampleAt(Math.min(instant, trace.playhead))?.seq;
  }

  /** The position of the newest record shown up to an instant, for a link to it. */
  momentAt(instant: number): { readonly epoch: string; readonly seq: number } | undefined {
    const { epoch } = this.lead;
    const trace = this.leadTrace ?? this.leadRecords;
    const seq = trace?.subscription === this.lead ? this.seqAt(instant) : undefined;
    return epoch === undefined || seq === undefined ? undefined : { epoch, seq };
  }

  /** Counts a frame drawn at page time `at`; reports to the hub from time to time how well the page draws. */
  onFrame(at: number): void {
    this.#qualityReporter.onFrame(at, () =>
      this.#subscriptions.map((topic) => reportedTopic(topic, this.#hubs.get(topic), at)),
    );
  }

  /**
   * Composes the scene for a screen of `columns` columns when the hub's clock reads `hubNow`. The object is valid until
   * the next call.
   */
  scene(hubNow: number, columns: number): PlayerScene {
    this.#syncTraces();
    const scene = this.#scene;
    this.viewport.setOldest(this.oldest ?? Number.NEGATIVE_INFINITY);
    scene.to = this.viewport.end(this.newest(hubNow));
    scene.from = scene.to - this.viewport.windowMs;
    scene.isFollowing = this.viewport.state === "following";
    scene.traces.length = 0;
    scene.seams = this.lead.buffer.seams(scene.from, scene.to);
    for (const trace of this.#traces) {
      if (!trace.isShown) continue;
      trace.fill(this.#visibleRange(columns), this.#endOf(trace, hubNow));
      scene.traces.push(trace);
    }
    scene.others = this.#others;
    scene.records = this.#records;
    for (const trace of this.#others) this.#fillHeld(trace, columns, hubNow);
    for (const trace of this.#records) this.#fillHeld(trace, columns, hubNow);
    for (const subscription of this.#subscriptions) subscription.releaseHistory();
    return scene;
  }

  /**
   * Shows the moment `<epoch>:<seq>` of the lead topic, paused, or the beginning if it is earlier. If the hub could not
   * be reached, a retry makes sense.
   */
  async goToMoment(epoch: string, seq: number): Promise<InstantLookup> {
    const found = (await this.lead.history?.instantOf(epoch, seq)) ?? "unreachable";
    this.#hasOtherEpoch = found === "other-epoch";
    const hubNow = this.hubNow();
    if (typeof found === "object" && hubNow !== undefined) {
      const newest = this.newest(hubNow);
      this.viewport.pause(newest);
      this.viewport.moveTo(found.t, newest);
    }
    this.#options.onChange();
    return found;
  }

  /** Forgets the requested moment because the user has moved on. */
  forgetMoment(): void {
    this.#hasOtherEpoch = false;
  }

  goLive(): void {
    this.forgetMoment();
    this.viewport.follow();
  }

  /** Connects to the hub immediately, if it is away. */
  retryNow(): void {
    for (const hub of this.#hubs.values()) hub.retryNow();
  }

  /** Saves what a reload restores. Without the hub's time it is unknown what is visible, and nothing is saved. */
  saveSnapshots(): void {
    const hubNow = this.hubNow();
    if (hubNow === undefined) return;
    for (const subscription of this.#subscriptions) subscription.saveSnapshot(hubNow);
  }

  close(): void {
    for (const subscription of this.#subscriptions) this.#close(subscription);
  }

  /** Reuses one object for all frames. */
  #visibleRange(columns: number): VisibleRange {
    this.#visible.from = this.#scene.from;
    this.#visible.to = this.#scene.to;
    this.#visible.columns = columns;
    return this.#visible;
  }

  #endOf({ subscription }: SeriesTrace, hubNow: number): number {
    return Math.min(subscription.playhead(hubNow), this.#scene.to);
  }

  /** A state lasts until the next record; where that is overdue, it is not known to last any longer. */
  #fillHeld(trace: SeriesTrace, columns: number, hubNow: number): void {
    const { buffer } = trace.subscription;
    const end = this.#endOf(trace, hubNow);
    const isOverdue = buffer.isStarving(buffer.playhead(hubNow));
    trace.fill(this.#visibleRange(columns), isOverdue ? Math.min(end, buffer.newest?.time ?? end) : end);
  }

  #open(topic: string | undefined): TopicSubscription {
    const { api, store, onChange } = this.#options;
    const subscription = new TopicSubscription({
      api,
      topic,
      windowMs: this.viewport.windowMs,
      store,
      onChange,
      onEpoch: () => this.viewport.follow(),
    });
    const hub = new HubClient(api, [subscription], this.#runtime);
    this.#hubs.set(subscription, hub);
    hub.open();
    return subscription;
  }

  #close(subscription: TopicSubscription): void {
    this.#hubs.get(subscription)?.close();
    this.#hubs.delete(subscription);
    subscription.close();
  }

  /** Rebuilds the traces when the fields of a topic have changed. */
  #syncTraces(): void {
    const { windowMs } = this.viewport;
    let isCurrent = this.#knownFields.length === this.#subscriptions.length;
    for (let i = 0; i < this.#subscriptions.length; i += 1) {
      const { buffer } = this.#subscriptions[i] as TopicSubscription;
      if (windowMs !== this.#windowMs) buffer.setWindow(windowMs);
      isCurrent &&= this.#knownFields[i] === buffer.fields;
    }
    this.#windowMs = windowMs;
    if (isCurrent) return;
    this.#knownFields = this.#subscriptions.map(({ buffer }) => buffer.fields);
    const all = this.#subscriptions.flatMap((subscription) =>
      fieldTraces(subscription, this.#palette, this.choices),
    );
    this.#traces = all.filter(isLine);
    labelSeries(this.#traces);
    this.#others = all.filter((trace) => !isLine(trace));
    this.#records = this.#subscriptions.map((subscription) => recordTrace(subscription));
    this.#options.onChange();
  }

  #show(trace: SeriesTrace, isShown: boolean): void {
    trace.isShown = isShown;
    this.choices.visibility.set(trace.series.key, isShown);
    this.#options.onChange();
  }
}
