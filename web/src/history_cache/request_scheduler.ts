/**
 * Schedules history requests: few in parallel, rate-limited, retried while they are wanted. It asks what is wanted each
 * time it could start a request, so the newest view wins and outdated requests are never made. Knows no tiles and no
 * fields.
 */

import type { Api } from "../client/api";
import { Backoff } from "../client/backoff";
import type { Runtime } from "../client/runtime";
import { type HubReply, requestFrom } from "../hub_request";
import { type HistoryResponse, readHistory } from "./history_response";

/** Minimum interval between requests of a moving view. */
const TURN_EVERY_MS = 250;
/** The hub serves at most 64 history requests at a time, after its viewers. */
const UNDER_WAY_MAX = 2;
/** A request that takes longer counts as lost. */
const TIMEOUT_MS = 30_000;

/** The part of the client's runtime that is used here. */
export type HistoryRuntime = Pick<Runtime, "now" | "after" | "random">;

export interface WantedRequest<T> {
  /** Path and query; identifies the request. */
  readonly path: string;
  readonly about: T;
}

export interface RequestSchedulerOptions<T> {
  readonly api: Api;
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
  readonly #runtime: HistoryRuntime;
  readonly #backoff: Backoff;
  readonly #inFlight = new Map<string, { readonly about: T; readonly cancel: () => void }>();
  #cancelRun: (() => void) | undefined;
  #nextRunAt = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #state: FetchStatus = "idle";

  constructor(options: RequestSchedulerOptions<T>, runtime: HistoryRuntime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#backoff = new Backoff(runtime.random);
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
    const wait = Math.max(0, this.#nextRunAt - this.#runtime.now());
    this.#cancelRun = this.#runtime.after(wait, () => this.#run());
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
    for (const path of this.#inFlight.keys()) this.#cancel(path);
    this.#isFailing = false;
    this.#updateState();
  }

  #run(): void {
    this.#cancelRun = undefined;
    this.#nextRunAt = this.#runtime.now() + TURN_EVERY_MS;
    for (const [path, { about }] of this.#inFlight) if (!this.#options.isUseful(about)) this.#cancel(path);
    const wanted = this.#options.wanted().filter(({ path }) => !this.#inFlight.has(path));
    for (const one of wanted.slice(0, UNDER_WAY_MAX - this.#inFlight.size)) void this.#start(one);
    this.#updateState();
  }

  async #start({ path, about }: WantedRequest<T>): Promise<void> {
    const options = { timeoutMs: TIMEOUT_MS };
    const { reply, cancel } = requestFrom(this.#options.api, path, readHistory, options);
    const request = { about, cancel };
    this.#inFlight.set(path, request);
    const outcome = await reply;
    // It may have been cancelled, and even been requested again.
    if (this.#inFlight.get(path) !== request) return;
    this.#inFlight.delete(path);
    this.#handle(outcome, about);
    this.schedule();
    this.#updateState();
  }

  #handle(reply: HubReply<HistoryResponse>, about: T): void {
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
    this.#nextRunAt = this.#runtime.now() + ms;
  }

  #cancel(path: string): void {
    this.#inFlight.get(path)?.cancel();
    this.#inFlight.delete(path);
  }

  #updateState(): void {
    const state = this.#isFailing ? "failed" : this.#inFlight.size > 0 ? "loading" : "idle";
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState();
  }
}
