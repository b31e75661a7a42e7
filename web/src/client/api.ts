/**
 * The address of a hub and its HTTP API. Every request over HTTP is made here, the client's and the page's; what an
 * answer means is up to the caller.
 */

import { ReturnWatch } from "./return_watch.ts";
import { defaultRuntime, type HttpResponse, type Runtime } from "./runtime.ts";

/** A request that is under way. */
export interface ApiRequest<T> {
  /** Undefined if there was no answer, or none that could be read. Never rejects. */
  readonly answer: Promise<T | undefined>;
  cancel(): void;
}

export interface ApiRequestOptions {
  /** Cancels a request that takes longer, including its body. */
  readonly timeoutMs?: number;
  /** Whether a cached answer is useless. */
  readonly isFresh?: boolean;
}

type ApiRuntime = Pick<Runtime, "get" | "after"> & Partial<Runtime>;

/** A hub that takes longer to answer counts as absent; the next question follows at once. */
const RETURN_TIMEOUT_MS = 2_000;

export class Api {
  /** For connections that have lost the hub. */
  readonly returnWatch: ReturnWatch;
  /** `s://host:port/path` or `://host:port/path`: `http` and `ws` differ only in what comes before. */
  readonly #hub: string;
  readonly #runtime: ApiRuntime;

  /** `url` is the hub's: `http(s)://` or `ws(s)://`, the host, and any path before `/api`. */
  constructor(url: string, runtime: ApiRuntime = defaultRuntime) {
    const [, hub] = /^(?:http|ws)(s?:\/\/[^?#]*[^?#/])/.exec(url) ?? [];
    if (hub === undefined) throw new TypeError(`invalid hub URL: \`${url}\`; use http(s):// or ws(s)://`);
    this.#hub = hub;
    this.#runtime = runtime;
    // A proxy in front of an absent hub answers with a server error.
    const ask = () =>
      this.get("/api/v1/time", ({ status }) => status < 500, {
        timeoutMs: RETURN_TIMEOUT_MS,
        isFresh: true,
      });
    this.returnWatch = new ReturnWatch(ask, { ...defaultRuntime, ...runtime });
  }

  httpUrl(path: string): string {
    return `http${this.#hub}${path}`;
  }

  wsUrl(path: string): string {
    return `ws${this.#hub}${path}`;
  }

  /** Requests a path; `read` converts the response, and may reject it by throwing. */
  get<T>(
    path: string,
    read: (response: HttpResponse) => T | Promise<T>,
    { timeoutMs, isFresh = false }: ApiRequestOptions = {},
  ): ApiRequest<T> {
    const { response, cancel } = this.#runtime.get(this.httpUrl(path), isFresh);
    const cancelTimeout = timeoutMs === undefined ? undefined : this.#runtime.after(timeoutMs, cancel);
    const answer = response.then(read).catch(() => undefined);
    return { answer: answer.finally(cancelTimeout), cancel };
  }
}

/** The path of a topic below `/api/v1`, or of all topics. */
export function topicPath(topic: string | undefined): string {
  return withTopic("/api/v1/topics", topic);
}

/** A path with the name of a topic after it; without a name, the path itself. */
export function withTopic(path: string, topic: string | undefined): string {
  return topic === undefined ? path : `${path}/${encodeURIComponent(topic)}`;
}
