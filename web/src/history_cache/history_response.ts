/**
 * A response of the history API, validated. Twin: `src/routes/history_endpoint.rs`. Knows what a response looks like,
 * not what it is for.
 */

import { EPOCH, type Json } from "../client/protocol";
import type { HttpResponse } from "../client/runtime";
import { parseExact } from "../exact_json";

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

/** Reads a response; throws if it is malformed. */
export async function readHistory(response: HttpResponse): Promise<HistoryResponse> {
  const body = parseExact(await response.text());
  const { epoch, from, to, items } = (body ?? {}) as Record<string, unknown>;
  if (typeof epoch !== "string" || !EPOCH.test(epoch) || !Array.isArray(items)) throw malformed();
  if (!items.every(isItem) || !items.every(isLaterThanLast)) throw malformed();
  const total = typeof from === "number" && typeof to === "number" ? to - from + 1 : 0;
  return { epoch, total, items, isFinal: response.headers.get("etag") !== null };
}

function malformed(): Error {
  return new Error("not a response of the history API");
}

function isItem(item: unknown): item is HistoryRecord {
  const { seq, t, data } = (item ?? {}) as Record<string, unknown>;
  return Number.isSafeInteger(seq) && Number.isSafeInteger(t) && data !== undefined;
}

function isLaterThanLast({ seq, t }: HistoryRecord, i: number, items: readonly HistoryRecord[]): boolean {
  const last = items[i - 1];
  return last === undefined || (last.seq < seq && last.t < t);
}
