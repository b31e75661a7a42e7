/**
 * The requests under way: few, paced, tried again while they are wanted. It asks what is wanted each time it could start
 * something, so that the newest wish wins and an old one is never made up for. Knows no pieces and no fields.
 */

import { Backoff } from "../client/connection/backoff";
import { type Answer, ask, type Reply } from "./answer";
import type { Surroundings } from "./surroundings";

/** A moving view asks no oftener. */
const TURN_EVERY_MS = 250;
/** The hub answers viewers first, and 64 readers of the history at most. */
const UNDER_WAY_MAX = 2;
/** An answer that has not come by then counts as lost. */
const TIMEOUT_MS = 30_000;

export interface Wanted<T> {
  readonly url: string;
  readonly about: T;
}

export interface RequestsOptions<T> {
  /** What to ask for now, the most important first. */
  readonly wanted: () => readonly Wanted<T>[];
  /** Whether the answer to this question is still of use. */
  readonly isUseful: (about: T) => boolean;
  readonly onAnswer: (answer: Answer, about: T) => void;
  readonly onRefused: (status: number, about: T) => void;
  /** `state` is another. */
  readonly onState: () => void;
}

export type RequestsState = "idle" | "loading" | "failed";

export class Requests<T> {
  readonly #options: RequestsOptions<T>;
  readonly #surroundings: Surroundings;
  readonly #backoff: Backoff;
  readonly #underWay = new Map<string, { readonly about: T; readonly abort: () => void }>();
  #cancelTurn: (() => void) | undefined;
  #nextTurnAt = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #state: RequestsState = "idle";

  constructor(options: RequestsOptions<T>, surroundings: Surroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#backoff = new Backoff(surroundings.random);
  }

  get state(): RequestsState {
    return this.#state;
  }

  isUnderWay(test: (about: T) => boolean): boolean {
    return [...this.#underWay.values()].some(({ about }) => test(about));
  }

  /** Something may be wanted; cheap, and soon enough. */
  poke(): void {
    if (this.#cancelTurn !== undefined) return;
    const wait = Math.max(0, this.#nextTurnAt - this.#surroundings.now());
    this.#cancelTurn = this.#surroundings.after(wait, () => this.#turn());
  }

  /** The hub is known to be there: no wait from before counts. */
  retryNow(): void {
    this.#rest(0);
    this.poke();
  }

  /** Nothing that is under way matters any more. */
  abort(): void {
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    for (const url of this.#underWay.keys()) this.#abort(url);
    this.#isFailing = false;
    this.#tell();
  }

  #turn(): void {
    this.#cancelTurn = undefined;
    this.#nextTurnAt = this.#surroundings.now() + TURN_EVERY_MS;
    for (const [url, { about }] of this.#underWay) if (!this.#options.isUseful(about)) this.#abort(url);
    const wanted = this.#options.wanted().filter(({ url }) => !this.#underWay.has(url));
    for (const one of wanted.slice(0, UNDER_WAY_MAX - this.#underWay.size)) void this.#start(one);
    this.#tell();
  }

  async #start({ url, about }: Wanted<T>): Promise<void> {
    const controller = new AbortController();
    const cancelTimeout = this.#surroundings.after(TIMEOUT_MS, () => controller.abort());
    const request = {
      about,
      abort: () => {
        cancelTimeout();
        controller.abort();
      },
    };
    this.#underWay.set(url, request);
    const reply = await ask(this.#surroundings.fetch, url, controller.signal);
    cancelTimeout();
    // Called off meanwhile; the same may even have been asked again.
    if (this.#underWay.get(url) !== request) return;
    this.#underWay.delete(url);
    this.#take(reply, about);
    this.poke();
    this.#tell();
  }

  #take(reply: Reply, about: T): void {
    this.#isFailing = reply.kind === "busy" || reply.kind === "unreachable";
    if (!this.#isFailing) this.#backoff.reset();
    switch (reply.kind) {
      case "answer":
        this.#options.onAnswer(reply.answer, about);
        break;
      case "refused":
        this.#options.onRefused(reply.status, about);
        break;
      case "busy":
        // Not all at the same instant again.
        this.#rest(this.#backoff.within([reply.waitMs, reply.waitMs * 1.5]));
        break;
      case "unreachable":
        this.#rest(this.#backoff.next());
        break;
    }
  }

  #rest(ms: number): void {
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    this.#nextTurnAt = this.#surroundings.now() + ms;
  }

  #abort(url: string): void {
    this.#underWay.get(url)?.abort();
    this.#underWay.delete(url);
  }

  #tell(): void {
    const state = this.#isFailing ? "failed" : this.#underWay.size > 0 ? "loading" : "idle";
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState();
  }
}
