/** A history cache with a fake hub and clock; the test decides when, and in which order, requests are answered. */

import { Api } from "../../src/client/api";
import { HistoryCache, type HistoryChange } from "../../src/history_cache";
import type { Field } from "../../src/topic_buffer/field";

export const EPOCH = "abc";
/** Hub time of the first record in milliseconds. */
export const BEGIN = 1_000_000;
export const VALUE: Field = { name: "value", label: undefined, unit: undefined };
export const OTHER: Field = { ...VALUE, name: "other" };

interface PendingRequest {
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
  readonly respond: (response: Response) => void;
}

export class HistoryHarness {
  readonly requests: PendingRequest[] = [];
  readonly changes: HistoryChange[] = [];
  epoch = EPOCH;
  /** Milliseconds between two records. */
  period = 10;
  /** `seq` of the newest record. */
  newest = 10_000_000;
  /** The record with this `seq`. */
  record = (seq: number): unknown => ({ value: seq, other: -seq });
  now = 0;
  #timers: { at: number; call: () => void }[] = [];
  readonly cache: HistoryCache;

  constructor() {
    const runtime = {
      get: (url: string) => {
        const controller = new AbortController();
        return { response: this.#accept(url, controller.signal), cancel: () => controller.abort() };
      },
      now: () => this.now,
      after: (ms: number, call: () => void) => {
        const timer = { at: this.now + ms, call };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      random: () => 0,
    };
    this.cache = new HistoryCache(
      {
        api: new Api("http://hub", runtime),
        topic: "ecg",
        onChange: (change) => this.changes.push(change),
      },
      runtime,
    );
    this.cache.setEpoch(EPOCH);
  }

  /** Advances the clock, running timers in order. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = next.at;
      next.call();
    }
    this.now = until;
  }

  /** Requests that are neither answered nor cancelled. */
  get open(): PendingRequest[] {
    return this.requests.filter(({ signal }) => !signal.aborted);
  }

  /** Answers like a hub and lets the response arrive. */
  async answer(request: PendingRequest | undefined = this.open[0]): Promise<void> {
    if (request === undefined) throw new Error("no request is open");
    await this.reply(this.#answerTo(request.query), request);
  }

  async reply(response: Response, request: PendingRequest | undefined = this.open[0]): Promise<void> {
    if (request === undefined) throw new Error("no request is open");
    this.requests.splice(this.requests.indexOf(request), 1);
    request.respond(response);
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
  }

  instant(seq: number): number {
    return BEGIN + (seq - 1) * this.period;
  }

  #accept(url: string, signal: AbortSignal): Promise<Response> {
    const { pathname, searchParams } = new URL(url);
    if (pathname !== "/api/v1/topics/ecg/history") throw new Error(`asked for ${pathname}`);
    return new Promise((resolve, reject) => {
      this.requests.push({ query: searchParams, signal, respond: resolve });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  #answerTo(query: URLSearchParams): Response {
    const [from, to] = this.#ends(query);
    const points = Number(query.get("points") ?? query.get("limit") ?? 1_000);
    const isFinal = to < this.newest || Number(query.get("to_t")) / 1000 <= this.instant(this.newest);
    const items = decimate(from, to, points).map((seq) => ({
      seq,
      t: this.instant(seq) * 1000,
      data: this.record(seq),
    }));
    const ends = from > to ? { from: null, to: null } : { from, to };
    return json({ topic: "ecg", epoch: this.epoch, ...ends, next: null, items }, isFinal);
  }

  #ends(query: URLSearchParams): [from: number, to: number] {
    if (query.has("from"))
      return [Number(query.get("from")), Math.min(this.newest, Number(query.get("to") ?? 1))];
    const place = (name: string) => (Number(query.get(name)) / 1000 - BEGIN) / this.period + 1;
    return [Math.max(1, Math.ceil(place("from_t"))), Math.min(this.newest, Math.floor(place("to_t")))];
  }
}

export function json(body: unknown, isFinal = true): Response {
  return new Response(JSON.stringify(body), { headers: isFinal ? { ETag: '"x"' } : {} });
}

/** All records, or an even selection that includes both ends. */
function decimate(from: number, to: number, points: number): number[] {
  const total = Math.max(0, to - from + 1);
  const length = Math.min(points, total);
  return Array.from({ length }, (_, i) => from + Math.floor((i * (total - 1)) / Math.max(1, length - 1)));
}
