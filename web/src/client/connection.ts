/**
 * One viewer's connection to the hub: opens it, keeps it open, and reconnects when it is lost. Decoded messages are
 * passed on; only `hello` and `bye`, which concern the connection itself, are handled here.
 *
 * # Make before break
 * A hub that drains sends `bye` and continues the stream. A second socket, the spare, is opened; it replaces the
 * current one when it has received `hello`, and only then is the old one closed. If no other hub accepts the spare, it
 * is retried until the hub closes the current socket; after that the connection is re-established as after any loss. A
 * topic that switches to its next dataset has its viewers move in the same way, to the same hub.
 *
 * # When the hub does not answer
 * If it does not answer over HTTP either, the next attempts ask over HTTP first and open a socket once there is an
 * answer; and a visible page watches for the hub's return, so that it is back within a second.
 *
 * # When it stops
 * It gives up only if the hub has said that reconnecting is pointless: by a final close code, or, because browsers hide
 * why a handshake failed, by the response to a plain GET for the same topic.
 */

import { type Api, type ApiRequest, withTopic } from "./api.ts";
import { Backoff, STABLE_AFTER_MS } from "./backoff.ts";
import { decode } from "./protocol/decode.ts";
import {
  type Bye,
  encodeJoining,
  encodePing,
  FINAL_CLOSE_CODES,
  type Hello,
  type HubMessage,
  isJoining,
  type Report,
  SUBPROTOCOL,
  type TopicRequest,
} from "./protocol.ts";
import type { Runtime, Socket } from "./runtime.ts";
import { askForTopic, isUnreachable, type Refusal, refusalOf, type TopicStatus } from "./topic_status.ts";

export type { Refusal };

export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "draining" }
  | {
      readonly kind: "waiting";
      readonly until: number;
      readonly isOnline: boolean;
      /** The hub answers, and has stopped this topic, because its dataset was changed. */
      readonly isTopicStopped?: true;
    }
  | { readonly kind: "stopped"; readonly refusal: Refusal }
  /** Closed by `close()`. */
  | { readonly kind: "closed" };

export interface ConnectionOptions {
  readonly api: Api;
  /** What to request, called for every attempt: a position may have become too old in between. */
  readonly request: (isSpare: boolean) => TopicRequest;
  /** `text` is the frame as it was received. */
  readonly onMessage: (message: HubMessage, receivedAt: number, text: string) => void;
  readonly onLink: (link: Link) => void;
}

/** A handshake that takes longer counts as failed; browsers alone would wait for minutes. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * After a ping something must arrive within this time, or the connection is considered dead. Messages are delivered
 * only when complete, so the time that the longest record takes on the slowest usable connection is added.
 */
const SILENCE_MS = 10_000;

/** Delay between two attempts with a spare: the stream is still running, so there is no hurry. */
const SPARE_RETRY_MS = [1_000, 2_000] as const;

/** An attempt that is younger is not replaced by `retryNow`: it is about to succeed or to fail. */
const RETRY_PATIENCE_MS = 1_000;

/** The slowest usable connection: half a megabit per second. */
const SLOWEST_BYTES_PER_MS = 64;

/** A socket that is being opened, or has been. */
interface Attempt {
  readonly socket: Socket;
  wasOpened: boolean;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #runtime: Runtime;
  readonly #backoff: Backoff;
  /** The current socket; undefined between two attempts. */
  #current: Attempt | undefined;
  /** The socket to move to; defined only while the hub behind an open connection drains. */
  #spare: Attempt | undefined;
  /** Page time of the next attempt with a spare; infinite if none is scheduled. */
  #spareAt = Number.POSITIVE_INFINITY;
  /** The delays asked for by the last `bye`, until the next attempt. */
  #retryRange: readonly [number, number] | undefined;
  /** Whether the connection has been up long enough to forget earlier failures. */
  #isStable = false;
  /** Whether the hub did not answer over HTTP either, as far as is known. */
  #isUnreachable = false;
  /** Whether the hub has said that it has stopped the topic. */
  #isTopicStopped = false;
  /** The request over HTTP that decides about the next step; an earlier one may still be answered. */
  #question: ApiRequest<TopicStatus> | undefined;
  #stopWatching = (): void => {};
  /** The topic of the last attempt. */
  #topic: string | undefined;
  /** Page time at which the last attempt began. */
  #attemptAt = Number.NEGATIVE_INFINITY;
  #link: Link = { kind: "connecting" };
  /** Cancels the one running timer: handshake timeout, next attempt, or the connection being up long enough. */
  #cancelTimer = (): void => {};
  /** Cancels the silence timer; defined from a ping until the next frame. */
  #cancelSilence: (() => void) | undefined;
  /** Silence limit for the current topic. */
  #silenceMs = SILENCE_MS;

  constructor(options: ConnectionOptions, runtime: Runtime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#backoff = new Backoff(runtime.random);
  }

  /** Connects. Called while waiting, it retries immediately. */
  open(): void {
    if (this.#current !== undefined || this.#isOver) return;
    this.#cancelTimer();
    this.#stopAsking();
    this.#retryRange = undefined;
    this.#attemptAt = this.#runtime.now();
    this.#setLink({ kind: "connecting" });
    // The listener that was just called may have closed the connection.
    if (this.#isOver) return;
    if (this.#isUnreachable) void this.#diagnose();
    else this.#connect();
  }

  #connect(): void {
    this.#current = this.#dial(false);
    if (this.#current === undefined) this.#setLink({ kind: "stopped", refusal: "invalid" });
    else this.#limitHandshake();
  }

  #limitHandshake(): void {
    this.#cancelTimer = this.#runtime.after(HANDSHAKE_TIMEOUT_MS, () => this.#abandon());
  }

  /** Opens a socket; undefined if no hub could read the requested position. */
  #dial(isSpare: boolean): Attempt | undefined {
    const { api, request } = this.#options;
    const { topic, joining } = request(isSpare);
    if (!isJoining(joining)) return undefined;
    this.#topic = topic;
    const url = api.wsUrl(withTopic("/ws", topic) + encodeJoining(joining));
    const socket = this.#runtime.open(url, SUBPROTOCOL);
    const attempt: Attempt = { socket, wasOpened: false };
    // An abandoned socket may still fire events; only the current one and the spare are listened to.
    const ifHeard = (call: () => void) => () =>
      (attempt === this.#current || attempt === this.#spare) && call();
    socket.onopen = ifHeard(() => {
      attempt.wasOpened = true;
    });
    socket.onmessage = (event) => ifHeard(() => this.#onFrame(attempt, event.data))();
    socket.onclose = (event) => ifHeard(() => this.#onClose(attempt, event.code))();
    // Node.js 22 reports a failed handshake only through `error`; later failures also fire `close`, with a code.
    socket.onerror = ifHeard(() => attempt.wasOpened || this.#onClose(attempt, 0));
    return attempt;
  }

  get link(): Link {
    return this.#link;
  }

  /** Closes the connection for good. */
  close(): void {
    if (this.#link.kind === "closed") return;
    this.#current?.socket.close();
    this.#drop();
    this.#setLink({ kind: "closed" });
  }

  /**
   * Retries immediately: the network is back, the page is visible again, or the user does not want to wait. An attempt
   * that hangs is replaced.
   */
  retryNow(): void {
    const isHanging =
      this.#link.kind === "connecting" && this.#runtime.now() - this.#attemptAt >= RETRY_PATIENCE_MS;
    if (isHanging) {
      this.#current?.socket.close();
      this.#drop();
    }
    if (isHanging || this.#link.kind === "waiting") this.open();
  }

  ping(id: number): void {
    if (this.#current === undefined || this.#link.kind !== "live") return;
    this.#current.socket.send(encodePing(id));
    this.#cancelSilence ??= this.#runtime.after(this.#silenceMs, () => this.#abandon());
  }

  /** Sends a report, unless the connection is not up: it would be out of date by then. */
  report(report: Report): void {
    if (this.#link.kind === "live") this.#current?.socket.send(JSON.stringify(report));
  }

  get #isOver(): boolean {
    return this.#link.kind === "stopped" || this.#link.kind === "closed";
  }

  #onFrame(attempt: Attempt, data: unknown): void {
    const receivedAt = this.#runtime.now();
    if (attempt === this.#current) this.#clearSilenceTimer();
    if (typeof data !== "string") return;
    const message = decode(data, this.#runtime.parse);
    if (message === undefined) return;
    if (attempt === this.#spare) {
      if (message.type !== "hello") return;
      this.#promoteSpare(attempt);
    }
    if (message.type === "hello") this.#onHello(message);
    if (message.type === "bye") this.#onBye(message);
    this.#options.onMessage(message, receivedAt, data);
  }

  /** The spare has received `hello` and becomes the current socket. */
  #promoteSpare(spare: Attempt): void {
    const old = this.#current;
    this.#spare = undefined;
    this.#current = spare;
    this.#clearSilenceTimer();
    old?.socket.close();
  }

  #onHello({ record_max = 0 }: Hello): void {
    this.#silenceMs = SILENCE_MS + record_max / SLOWEST_BYTES_PER_MS;
    this.#cancelTimer();
    this.#isStable = false;
    this.#cancelTimer = this.#runtime.after(STABLE_AFTER_MS, () => {
      this.#isStable = true;
      this.#backoff.reset();
    });
    this.#retryRange = undefined;
    this.#isUnreachable = false;
    this.#isTopicStopped = false;
    this.#setLink({ kind: "live" });
  }

  #onBye({ reason, retry_ms }: Bye): void {
    this.#retryRange = retry_ms;
    this.#isTopicStopped = reason === "stopped";
    const isMoving = reason === "draining" || reason === "switched";
    if (!isMoving || this.#link.kind !== "live") return;
    // From here on the hub may be silent until it closes the socket.
    this.#clearSilenceTimer();
    this.#trySpareIn(this.#nextDelayMs());
    // A topic that has switched to its next dataset goes on at once.
    if (reason === "draining") this.#setLink({ kind: "draining" });
  }

  #trySpareIn(ms: number): void {
    this.#cancelTimer();
    this.#spareAt = this.#runtime.now() + ms;
    this.#cancelTimer = this.#runtime.after(ms, () => this.#trySpare());
  }

  #trySpare(): void {
    this.#spareAt = Number.POSITIVE_INFINITY;
    this.#spare = this.#dial(true);
    if (this.#spare !== undefined) this.#limitHandshake();
  }

  #spareFailed(): void {
    this.#spare = undefined;
    this.#trySpareIn(this.#backoff.within(SPARE_RETRY_MS));
  }

  #onClose(attempt: Attempt, code: number): void {
    if (attempt === this.#spare) {
      this.#spareFailed();
      return;
    }
    const refusal = FINAL_CLOSE_CODES.has(code) ? refusalOf(code) : undefined;
    const spare = refusal === undefined ? this.#spare : undefined;
    const spareInMs = this.#spareAt - this.#runtime.now();
    if (spare !== undefined) this.#spare = undefined;
    this.#drop();
    if (refusal !== undefined) this.#setLink({ kind: "stopped", refusal });
    else if (spare !== undefined) this.#awaitHello(spare);
    else if (attempt.wasOpened) this.#scheduleRetry(spareInMs);
    else void this.#diagnose();
  }

  /** The hub has closed the socket before the spare received `hello`; the spare is now an ordinary attempt. */
  #awaitHello(spare: Attempt): void {
    this.#current = spare;
    this.#limitHandshake();
    this.#setLink({ kind: "connecting" });
  }

  /** Asks over HTTP why there is no connection, and acts on the answer. */
  async #diagnose(): Promise<void> {
    const question = askForTopic(this.#options.api, this.#topic);
    this.#question = question;
    const answer = await question.answer;
    if (this.#question !== question) return;
    this.#question = undefined;
    this.#isTopicStopped = answer?.isStopped ?? this.#isTopicStopped;
    const wasUnreachable = this.#isUnreachable;
    this.#isUnreachable = isUnreachable(answer?.status);
    const refusal = refusalOf(answer?.status ?? 0);
    if (refusal !== undefined) this.#setLink({ kind: "stopped", refusal });
    else if (wasUnreachable && !this.#isUnreachable) this.#onReturn();
    else this.#scheduleRetry();
  }

  /** The hub answers again. The failures while it was away do not count against it. */
  #onReturn(): void {
    this.#isUnreachable = false;
    this.#backoff.reset();
    if (this.#link.kind === "connecting") this.#connect();
    else this.open();
  }

  /**
   * The delay that the hub asked for, else the backoff's. A hub that closes right after its `hello` is not retried in a
   * loop, whatever it asks for.
   */
  #nextDelayMs(): number {
    if (this.#retryRange === undefined) return this.#backoff.next();
    const named = this.#backoff.within(this.#retryRange);
    return this.#isStable ? named : Math.max(named, this.#backoff.next());
  }

  /** Schedules the next attempt, at most `atMost` milliseconds from now. */
  #scheduleRetry(atMost = Number.POSITIVE_INFINITY): void {
    const ms = Math.min(this.#nextDelayMs(), Math.max(0, atMost));
    this.#cancelTimer = this.#runtime.after(ms, () => this.open());
    if (this.#isUnreachable) this.#watchForReturn();
    const link = {
      kind: "waiting",
      until: this.#runtime.now() + ms,
      isOnline: this.#runtime.isOnline(),
    } as const;
    this.#setLink(this.#isTopicStopped ? { ...link, isTopicStopped: true } : link);
  }

  #watchForReturn(): void {
    this.#stopWatching = this.#options.api.returnWatch.wait(() => this.#onReturn());
  }

  /** Abandons a socket that does not answer, without waiting for its close event, which may take minutes. */
  #abandon(): void {
    if (this.#spare !== undefined) {
      this.#spare.socket.close();
      this.#spareFailed();
      return;
    }
    // A handshake that hangs: from now on the hub is asked over HTTP first.
    this.#isUnreachable = this.#current?.wasOpened === false;
    this.#current?.socket.close();
    this.#drop();
    this.#scheduleRetry();
  }

  #drop(): void {
    this.#current = undefined;
    this.#spare?.socket.close();
    this.#spare = undefined;
    this.#spareAt = Number.POSITIVE_INFINITY;
    this.#cancelTimer();
    this.#stopAsking();
    this.#clearSilenceTimer();
  }

  /** Stops everything over HTTP. */
  #stopAsking(): void {
    this.#stopWatching();
    this.#question?.cancel();
    this.#question = undefined;
  }

  #clearSilenceTimer(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = undefined;
  }

  #setLink(link: Link): void {
    this.#link = link;
    this.#options.onLink(link);
  }
}
