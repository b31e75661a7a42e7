/**
 * What is to be seen, at every frame: some topics of one hub, on one time axis, at the instant that every other screen
 * draws as well. It brings together the lines to the hub, the hub's time and this viewer's own playback; it draws
 * nothing and knows no element.
 *
 * # One axis
 * The hub has one clock, so one estimate of it serves all topics: the first that is known. Each topic's line ends at
 * the instant that is due for its own group, the hub's time less the topic's delay; the newest of these is the
 * axis's right edge. A topic that the hub refuses by now, with a clock that nobody measures any more, has a say in either
 * only where there is no other.
 */

import type { Link } from "./client/connection";
import { Playback } from "./playback";
import { Channel } from "./player/channel";
import { Line, type Span } from "./player/lines";
import { Palette } from "./player/palette";
import type { Scene } from "./scene";
import type { Store } from "./session";
import { type Field, fieldKey } from "./timeline/field";

export interface PlayerOptions {
  /** The hub's address, without a slash at its end. */
  readonly url: string;
  /** Empty: the hub's default topic. */
  readonly topics: readonly string[];
  readonly windowMs: number;
  /** Where to remember the window across a reload; undefined: nowhere. */
  readonly store?: () => Store;
  /** Something else is to be seen than a moment ago, which no frame would find by itself. */
  readonly onChange: () => void;
}

/** So many lines can be told apart; more are there, but are shown when somebody asks for them. */
const SHOWN_MAX = 8;

export class Player {
  readonly playback: Playback;
  readonly #options: PlayerOptions;
  readonly #palette = new Palette();
  /** Lines that somebody has shown or hidden. */
  readonly #chosen = new Map<string, boolean>();
  readonly #scene = { from: 0, to: 0, traces: [] as Line[], isFollowing: true };
  readonly #shown = { from: 0, to: 0, columns: 0 };
  #channels: Channel[] = [];
  #lines: Line[] = [];
  /** The fields that the lines were made for. */
  #known: (readonly Field[])[] = [];
  #windowMs: number;
  #isDefaultTopic = true;
  #hasOtherEpoch = false;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.playback = new Playback(options.windowMs);
    this.#windowMs = options.windowMs;
    this.showTopics(options.topics);
  }

  get channels(): readonly Channel[] {
    return this.#channels;
  }

  /** Every line there is, shown or not. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** The topics shown; the default topic is missing until the hub has named it. */
  get topics(): string[] {
    return this.#channels.map(({ name }) => name).filter((name) => name !== undefined);
  }

  /** Whether nobody has said which topic, so that it is the hub's choice. */
  get isDefaultTopic(): boolean {
    return this.#isDefaultTopic;
  }

  /** The topic that stands for all where one has to: the first that the hub does not refuse. */
  get lead(): Channel {
    return this.#channels.find(({ isRefused }) => !isRefused) ?? (this.#channels[0] as Channel);
  }

  /** How the hub is reached, which all topics share. */
  get link(): Link {
    return this.lead.link;
  }

  /** Whether a moment was asked for that belongs to a timeline which is no more. */
  get hasOtherEpoch(): boolean {
    return this.#hasOtherEpoch;
  }

  /** These topics, in this order; those that are there already stay as they are. */
  showTopics(names: readonly string[]): void {
    this.#isDefaultTopic = names.length === 0;
    this.#hasOtherEpoch = false;
    const wanted: (string | undefined)[] = names.length > 0 ? [...new Set(names)] : [undefined];
    const before = this.#channels;
    this.#channels = wanted.map(
      (name) => before.find((channel) => channel.name === name) ?? this.#open(name),
    );
    if (!this.#isDefaultTopic) for (const channel of this.#channels) channel.pin();
    for (const channel of before) if (!this.#channels.includes(channel)) channel.close();
    this.#known = [];
    this.#options.onChange();
  }

  toggle(key: string): void {
    const line = this.#lines.find(({ series }) => series.key === key);
    if (line !== undefined) this.#show(line, !line.isShown);
  }

  /** This line alone; if it is alone already, all. */
  solo(key: string): void {
    const isAlone = this.#lines.every(({ series, isShown }) => isShown === (series.key === key));
    for (const line of this.#lines) this.#show(line, isAlone || line.series.key === key);
  }

  /** The hub's time at page time `at`, or undefined while nobody knows it. */
  hubNow(at = performance.now()): number | undefined {
    let other: number | undefined;
    for (const { client, isRefused } of this.#channels) {
      const now = client.now(at);
      if (now !== undefined && !isRefused) return now;
      other ??= now;
    }
    return other;
  }

  /** The newest instant there is to be seen when the hub's clock reads `hubNow`. */
  newest(hubNow: number): number {
    let newest = Number.NEGATIVE_INFINITY;
    let other = Number.NEGATIVE_INFINITY;
    for (const { timeline, isRefused } of this.#channels) {
      // Of a topic that has not answered nobody knows the delay.
      if (timeline.epoch === undefined) continue;
      const playhead = timeline.playhead(hubNow);
      if (isRefused) other = Math.max(other, playhead);
      else newest = Math.max(newest, playhead);
    }
    return Number.isFinite(newest) ? newest : other;
  }

  /** Hub time of the oldest record that can be seen; undefined while that is not known. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const channel of this.#channels)
      if (channel.oldest !== undefined) oldest = Math.min(channel.oldest, oldest ?? channel.oldest);
    return oldest;
  }

  /** The line that stands for all: the first one shown, of the topic that does if it has one. */
  get leadLine(): Line | undefined {
    const { lead } = this;
    let other: Line | undefined;
    for (const line of this.#lines) {
      if (line.isShown && line.channel === lead) return line;
      if (line.isShown) other ??= line;
    }
    return other;
  }

  /**
   * Another number whenever a record has come that a picture up to this instant could show: on a slow line, or after an
   * interruption, one may come after its instant. What comes later than that changes nothing.
   */
  seqsUntil(instant: number): number {
    let seqs = 0;
    for (const { isShown, channel } of this.#lines) {
      const newest = channel.timeline.newest;
      if (isShown && newest !== undefined && newest.time < instant) seqs += newest.seq;
    }
    return seqs;
  }

  /** The number of the newest record that is shown, up to an instant; undefined: none. */
  seqAt(instant: number): number | undefined {
    const line = this.leadLine;
    return line?.sampleAt(Math.min(instant, line.playhead))?.seq;
  }

  /** The place of the newest record that is shown, up to an instant, for a link to it. */
  momentAt(instant: number): { readonly epoch: string; readonly seq: number } | undefined {
    const { epoch } = this.lead;
    const seq = this.leadLine?.channel === this.lead ? this.seqAt(instant) : undefined;
    return epoch === undefined || seq === undefined ? undefined : { epoch, seq };
  }

  /** What a screen of so many columns shows when the hub's clock reads `hubNow`; good until the next call. */
  scene(hubNow: number, columns: number): Scene {
    this.#follow();
    const scene = this.#scene;
    this.playback.beginAt(this.oldest ?? Number.NEGATIVE_INFINITY);
    scene.to = this.playback.end(this.newest(hubNow));
    scene.from = scene.to - this.playback.windowMs;
    scene.isFollowing = this.playback.state === "following";
    scene.traces.length = 0;
    for (const line of this.#lines) {
      if (!line.isShown) continue;
      line.fill(this.#span(columns), this.#endOf(line, hubNow));
      scene.traces.push(line);
    }
    for (const channel of this.#channels) channel.rest();
    return scene;
  }

  /**
   * Shows the moment `<epoch>:<seq>` of the first topic, standing still. False: the hub could not be asked, so that it is
   * worth trying again.
   */
  async goToMoment(epoch: string, seq: number): Promise<boolean> {
    const found = (await this.lead.past?.instantOf(epoch, seq)) ?? "unreachable";
    this.#hasOtherEpoch = found === "other-epoch";
    const hubNow = this.hubNow();
    if (typeof found === "object" && hubNow !== undefined) {
      const newest = this.newest(hubNow);
      this.playback.pause(newest);
      this.playback.moveTo(found.t, newest);
    }
    this.#options.onChange();
    return found !== "unreachable";
  }

  /** Somebody looks elsewhere than at the moment that was asked for. */
  forgetMoment(): void {
    this.#hasOtherEpoch = false;
  }

  goLive(): void {
    this.forgetMoment();
    this.playback.follow();
  }

  remember(): void {
    for (const channel of this.#channels) channel.remember();
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  /** One object for all frames. */
  #span(columns: number): Span {
    this.#shown.from = this.#scene.from;
    this.#shown.to = this.#scene.to;
    this.#shown.columns = columns;
    return this.#shown;
  }

  #endOf({ channel }: Line, hubNow: number): number {
    return Math.min(channel.timeline.playhead(hubNow), this.#scene.to);
  }

  #open(topic: string | undefined): Channel {
    const { url, store, onChange } = this.#options;
    const channel = new Channel({
      url,
      topic,
      windowMs: this.playback.windowMs,
      store,
      onChange,
      onEpoch: () => this.playback.follow(),
    });
    channel.open();
    return channel;
  }

  /** Lines for the fields that the topics have by now. */
  #follow(): void {
    const { windowMs } = this.playback;
    let isCurrent = this.#known.length === this.#channels.length;
    for (let i = 0; i < this.#channels.length; i += 1) {
      const { timeline } = this.#channels[i] as Channel;
      if (windowMs !== this.#windowMs) timeline.showWindow(windowMs);
      isCurrent &&= this.#known[i] === timeline.fields;
    }
    this.#windowMs = windowMs;
    if (isCurrent) return;
    this.#known = this.#channels.map(({ timeline }) => timeline.fields);
    this.#lines = this.#channels.flatMap((channel) => this.#linesOf(channel));
    this.#options.onChange();
  }

  #linesOf(channel: Channel): Line[] {
    const topic = channel.name ?? "";
    return channel.timeline.fields.map((field, place) => {
      const key = fieldKey(topic, field);
      const series = { key, topic, field, colour: this.#palette.colourOf(key) };
      return new Line(channel, series, place, this.#chosen.get(key) ?? place < SHOWN_MAX);
    });
  }

  #show(line: Line, isShown: boolean): void {
    line.isShown = isShown;
    this.#chosen.set(line.series.key, isShown);
    this.#options.onChange();
  }
}
