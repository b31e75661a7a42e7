/**
 * One question to the history API and its answer. Twin: `src/routes/history.rs`. Knows what an answer looks like, and not
 * what it is for: whether and when to ask again is up to who asked.
 */

import { EPOCH, type Json } from "../client/protocol";

/** One record; `t` in microseconds, as on the wire. */
export interface Item {
  readonly seq: number;
  readonly t: number;
  readonly data: Json;
}

export interface Answer {
  readonly epoch: string;
  /** Of how many records the items are all there is, or a choice. */
  readonly total: number;
  readonly items: readonly Item[];
  /** Nothing will be added to it: the whole range asked for was due. */
  readonly isFinal: boolean;
}

export type Reply =
  | { readonly kind: "answer"; readonly answer: Answer }
  /** The hub has no time; it says when to come back. */
  | { readonly kind: "busy"; readonly waitMs: number }
  | { readonly kind: "unreachable" }
  /** Asking again would be answered alike. */
  | { readonly kind: "refused"; readonly status: number };

export type Fetch = (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;

/** What the hub says today; a page of another origin cannot read its `Retry-After`. */
const BUSY_WAIT_MS = 5_000;
const BUSY_STATUSES: readonly number[] = [429, 503];

/** For how long a hub that answers so wants to be left alone; undefined: it has answered. */
export function busyFor({ status, headers }: Response): number | undefined {
  if (!BUSY_STATUSES.includes(status)) return undefined;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return seconds >= 0 ? seconds * 1000 : BUSY_WAIT_MS;
}

/** Never throws; a question that was called off is `unreachable` too. */
export async function ask(get: Fetch, url: string, signal: AbortSignal): Promise<Reply> {
  try {
    const response = await get(url, { signal });
    const { status } = response;
    const waitMs = busyFor(response);
    if (waitMs !== undefined) return { kind: "busy", waitMs };
    // A proxy may stand where the hub should be.
    if (status >= 500) return { kind: "unreachable" };
    if (!response.ok) return { kind: "refused", status };
    const answer = read(await response.json(), response.headers.has("etag"));
    return answer === undefined ? { kind: "unreachable" } : { kind: "answer", answer };
  } catch {
    return { kind: "unreachable" };
  }
}

function read(body: unknown, isFinal: boolean): Answer | undefined {
  const { epoch, from, to, items } = (body ?? {}) as Record<string, unknown>;
  if (typeof epoch !== "string" || !EPOCH.test(epoch) || !Array.isArray(items)) return undefined;
  if (!items.every(isItem) || !items.every(isLaterThanLast)) return undefined;
  const total = typeof from === "number" && typeof to === "number" ? to - from + 1 : 0;
  return { epoch, total, items, isFinal };
}

function isItem(item: unknown): item is Item {
  const { seq, t, data } = (item ?? {}) as Record<string, unknown>;
  return Number.isSafeInteger(seq) && Number.isSafeInteger(t) && data !== undefined;
}

function isLaterThanLast({ seq, t }: Item, i: number, items: readonly Item[]): boolean {
  const last = items[i - 1];
  return last === undefined || (last.seq < seq && last.t < t);
}
