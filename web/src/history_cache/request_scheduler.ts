/**
 * Schedules history requests: few in parallel, rate-limited, retried while they are wanted. It asks what is wanted each
 * time it could start a request, so the newest view wins and outdated requests are never made. Knows no tiles and no
 * fields.
 */

import { Backoff } from "../client/connection/backoff";
import type { HistoryEnv } from "./env";
import { type FetchOutcome, fetchHistory, type HistoryResponse } from "./history_fetch";

/** Minimum interval between requests of a moving view. */
const TURN_EVERY_MS = 250;
/** The hub serves at most 64 history requests at a time, after its viewers. */
const UNDER_WAY_MAX = 2;
/** A request that takes longer counts as lost. */
const TIMEOUT_MS = 30_000;

export interface WantedRequest<T> {
  readonly url: string;
  readonly about: T;
}

export interface RequestSchedulerOptions<T> {
  /** The requests wanted now, most important first. */
  readonly wanted: () => readonly WantedRequest<T>[];
  /** Whether the response to this request would still be used. */
  readonly isUseful: (about: T) => boolean;
  readonly onResponse: (answer: HistoryResponse, about: T) => void;
  readonly onRefused: (status: number, about: T) => void;
  /** `state` has changed. */
  readonly onState: () => void;
}

export type FetchStatus = "idle" | "loading" | "failed";

export class RequestScheduler<T> {
  readonly #options: RequestSchedulerOptions<T>;
  readonly #env: HistoryEnv;
  readonly #backoff: Backoff;
  readonly #inFlight = new Map<string, { readonly about: T; readonly abort: () => void }>();
  #cancelRun: (() => void) | undefined;
  #nextRunAt = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #state: FetchStatus = "idle";

  constructor(options: RequestSchedulerOptions<T>, env: HistoryEnv) {
    this.#options = options;
    this.#env = env;
    this.#backoff = new Backoff(env.random);
  }

  get state(): FetchStatus {
    return this.#state;
  }

  isInFlight(test: (about: T) => boolean): boolean {
    return [...this.#inFlight.values()].some(({ about }) => test(about));
  }

  /** Runs the scheduler soon, because something may be wanted. Cheap. */
  schedule(): void {
    if (this.#cancelRun !== undefined) return;
    const wait = Math.max(0, this.#nextRunAt - this.#env.now());
    this.#cancelRun = this.#env.after(wait, () => this.#run());
  }

  /** Drops any pending delay, because the hub is known to be reachable. */
  retryNow(): void {
    this.#postpone(0);
    this.schedule();
  }

  /** Cancels everything in flight. */
  abort(): void {
    this.#cancelRun?.();
    this.#cancelRun = undefined;
    for (const url of this.#inFlight.keys()) this.#abort(url);
    this.#isFailing = false;
    this.#updateState();
  }

  #run(): void {
    this.#cancelRun = undefined;
    this.#nextRunAt = this.#env.now() + TURN_EVERY_MS;
    for (const [url, { about }] of this.#inFlight) if (!this.#options.isUseful(about)) this.#abort(url);
    const wanted = this.#options.wanted().filter(({ url }) => !this.#inFlight.has(url));
    for (const one of wanted.slice(0, UNDER_WAY_MAX - this.#inFlight.size)) void this.#start(one);
    this.#updateState();
  }

  async #start({ url, about }: WantedRequest<T>): Promise<void> {
    const controller = new AbortController();
    const cancelTimeout = this.#env.after(TIMEOUT_MS, () => controller.abort());
    const request = {
      about,
      abort: () => {
        cancelTimeout();
        controller.abort();
      },
    };
    this.#inFlight.set(url, request);
    const reply = await fetchHistory(this.#env.fetch, url, controller.signal);
    cancelTimeout();
    // It may have been cancelled, and even been requested again.
    if (this.#inFlight.get(url) !== request) return;
    this.#inFlight.delete(url);
    this.#handle(reply, about);
    this.schedule();
    this.#updateState();
  }

  #handle(reply: FetchOutcome, about: T): void {
    this.#isFailing = reply.kind === "busy" || reply.kind === "unreachable";
    if (!this.#isFailing) this.#backoff.reset();
    switch (reply.kind) {
      case "answer":
        this.#options.onResponse(reply.answer, about);
        break;
      case "refused":
        this.#options.onRefused(reply.status, about);
        break;
      case "busy":
        // Jitter, so that pages do not retry at the same instant.
        this.#postpone(this.#backoff.within([reply.waitMs, reply.waitMs * 1.5]));
        break;
      case "unreachable":
        this.#postpone(this.#backoff.next());
        break;
    }
  }

  #postpone(ms: number): void {
    this.#cancelRun?.();
    this.#cancelRun = undefined;
    this.#nextRunAt = this.#env.now() + ms;
  }

  #abort(url: string): void {
    this.#inFlight.get(url)?.abort();
    this.#inFlight.delete(url);
  }

  #updateState(): void {
    const state = this.#isFailing ? "failed" : this.#inFlight.size > 0 ? "loading" : "idle";
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState();
  }
}
