/**
 * What the hub says about a topic over HTTP. Browsers hide why a handshake failed, so after a failure the connection asks
 * here: is the topic refused for good, has it stopped, or does nothing answer?
 */

import { type Api, type ApiRequest, topicPath } from "./api.ts";
import type { HttpResponse } from "./runtime.ts";

/** Why a hub refuses a topic for good. */
export type Refusal = "invalid" | "unauthorized" | "forbidden" | "unknown-topic";

export interface TopicStatus {
  readonly status: number;
  /** Whether the hub has stopped the topic, because its dataset was changed; undefined if the answer does not say. */
  readonly isStopped: boolean | undefined;
}

/** A request that takes longer counts as unanswered. */
const TIMEOUT_MS = 5_000;

/** By HTTP status and by close code. */
const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [400, "invalid"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "unknown-topic"],
  [4400, "invalid"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
]);

/** The refusal that an HTTP status or a close code stands for, if any. */
export function refusalOf(code: number): Refusal | undefined {
  return REFUSALS.get(code);
}

/** Whether nothing but a proxy answers: an absent hub is a server error there. 503 may come from the hub itself. */
export function isUnreachable(status: number | undefined): boolean {
  return status === undefined || (status >= 500 && status !== 503);
}

/** Asks for the entry of `topic`; undefined for the default topic, whose status is that of the list. */
export function askForTopic(api: Api, topic: string | undefined): ApiRequest<TopicStatus> {
  return api.get(topicPath(topic), readStatus, { timeoutMs: TIMEOUT_MS, isFresh: true });
}

async function readStatus(response: HttpResponse): Promise<TopicStatus> {
  const { status } = response;
  if (status !== 200) return { status, isStopped: undefined };
  // What answers may be a proxy, with a page.
  const entry = await response.json().catch(() => undefined);
  return { status, isStopped: (entry as { stopped?: boolean } | undefined)?.stopped };
}
