/**
 * A request of the page to the hub's HTTP API, and what the outcome means: whether there is an answer, and whether a
 * retry makes sense. What the answer contains, and whether to retry, is up to the caller.
 */

import type { Api, ApiRequestOptions } from "./client/api";
import type { HttpResponse } from "./client/runtime";

export type HubReply<T> =
  | { readonly kind: "answer"; readonly answer: T }
  /** The hub is overloaded and says when to retry. */
  | { readonly kind: "busy"; readonly waitMs: number }
  /** There was no answer, or none that could be read; a cancelled request is unreachable, too. */
  | { readonly kind: "unreachable" }
  /** A retry would get the same answer. */
  | { readonly kind: "refused"; readonly status: number };

export interface HubRequest<T> {
  /** Never rejects. */
  readonly reply: Promise<HubReply<T>>;
  cancel(): void;
}

/** Converts a successful response; throws if it is malformed. */
export type ReadResponse<T> = (response: HttpResponse) => Promise<T>;

/** The hub's current value; a page of another origin cannot read its `Retry-After`. */
const BUSY_WAIT_MS = 5_000;
const BUSY_STATUSES: readonly number[] = [429, 503];

export function requestFrom<T>(
  api: Api,
  path: string,
  read: ReadResponse<T>,
  options?: ApiRequestOptions,
): HubRequest<T> {
  const { answer, cancel } = api.get(path, (response) => replyOf(response, read), options);
  return { reply: answer.then((reply) => reply ?? { kind: "unreachable" }), cancel };
}

async function replyOf<T>(response: HttpResponse, read: ReadResponse<T>): Promise<HubReply<T>> {
  const { status, headers, ok } = response;
  if (BUSY_STATUSES.includes(status)) {
    const seconds = Number(headers.get("retry-after") ?? Number.NaN);
    return { kind: "busy", waitMs: seconds >= 0 ? seconds * 1000 : BUSY_WAIT_MS };
  }
  // The status may come from a proxy in front of the hub.
  if (status >= 500) return { kind: "unreachable" };
  return ok ? { kind: "answer", answer: await read(response) } : { kind: "refused", status };
}
