/**
 * One request to the history API and its outcome. Twin: `src/routes/history_endpoint.rs`. Knows what a response looks
 * like, not what it is for: whether and when to retry is up to the caller.
 */

import { EPOCH, type Json } from "../client/protocol";

/** One record; `t` in microseconds, as on the wire. */
export interface HistoryRecord {
  readonly seq: number;
  readonly t: number;
  readonly data: Json;
}

export interface HistoryResponse {
  readonly epoch: string;
  /** Number of records in the range, of which `items` are all or a decimated selection. */
  readonly total: number;
  readonly items: readonly HistoryRecord[];
  /** The response is complete: the whole range was due, so nothing will be added. */
  readonly isFinal: boolean;
}

export type FetchOutcome =
  | { readonly kind: "answer"; readonly answer: HistoryResponse }
  /** The hub is overloaded and says when to retry. */
  | { readonly kind: "busy"; readonly waitMs: number }
  | { readonly kind: "unreachable" }
  /** A retry would get the same answer. */
  | { readonly kind: "refused"; readonly status: number };

export type FetchFunction = (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;

/** The hub's current value; a page of another origin cannot read its `Retry-After`. */
const BUSY_WAIT_MS = 5_000;
const BUSY_STATUSES: readonly number[] = [429, 503];

/** How long an overloaded hub asks to be left alone; undefined if it has answered. */
export function retryAfterMs({ status, headers }: Response): number | undefined {
  if (!BUSY_STATUSES.includes(status)) return undefined;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return seconds >= 0 ? seconds * 1000 : BUSY_WAIT_MS;
}

/** Never throws; a cancelled request is `unreachable` too. */
export async function fetchHistory(
  get: FetchFunction,
  url: string,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  try {
    const response = await get(url, { signal });
    const { status } = response;
    const waitMs = retryAfterMs(response);
    if (waitMs !== undefined) return { kind: "busy", waitMs };
    // The status may come from a proxy in front of the hub.
    if (status >= 500) return { kind: "unreachable" };
    if (!response.ok) return { kind: "refused", status };
    const answer = read(await response.json(), response.headers.has("etag"));
    return answer === undefined ? { kind: "unreachable" } : { kind: "answer", answer };
  } catch {
    return { kind: "unreachable" };
  }
}

function read(body: unknown, isFinal: boolean): HistoryResponse | undefined {
  const { epoch, from, to, items } = (body ?? {}) as Record<string, unknown>;
  if (typeof epoch !== "string" || !EPOCH.test(epoch) || !Array.isArray(items)) return undefined;
  if (!items.every(isItem) || !items.every(isLaterThanLast)) return undefined;
  const total = typeof from === "number" && typeof to === "number" ? to - from + 1 : 0;
  return { epoch, total, items, isFinal };
}

function isItem(item: unknown): item is HistoryRecord {
  const { seq, t, data } = (item ?? {}) as Record<string, unknown>;
  return Number.isSafeInteger(seq) && Number.isSafeInteger(t) && data !== undefined;
}

function isLaterThanLast({ seq, t }: HistoryRecord, i: number, items: readonly HistoryRecord[]): boolean {
  const last = items[i - 1];
  return last === undefined || (last.seq < seq && last.t < t);
}
