/**
 * How closely all viewers of a topic follow the hub's clock, as the hub sums up their reports. Fetched only while
 * the panel that shows it is open.
 */

import { type Api, topicPath } from "../client/api";
import type { HttpResponse } from "../client/runtime";
import type { Audience } from "../page";

/** Viewers report every fifteen seconds, so a more recent answer would hardly differ. */
const EVERY_MS = 10_000;
/** A request that takes longer counts as failed. */
const TIMEOUT_MS = 5_000;

export class AudienceFeed {
  readonly #api: Api;
  readonly #now: () => number;
  #topic: string | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #audience: Audience | undefined;

  constructor(api: Api, now: () => number = () => performance.now()) {
    this.#api = api;
    this.#now = now;
  }

  /** The last answer for `topic`; undefined until there is one. */
  audienceOf(topic: string | undefined): Audience | undefined {
    return topic === this.#topic ? this.#audience : undefined;
  }

  /** Asks the hub again, unless it has just been asked for this topic. */
  async refresh(topic: string | undefined): Promise<void> {
    if (topic === undefined) return;
    if (topic === this.#topic && this.#now() - this.#askedAt < EVERY_MS) return;
    if (topic !== this.#topic) this.#audience = undefined;
    this.#topic = topic;
    this.#askedAt = this.#now();
    const { answer } = this.#api.get(topicPath(topic), readAudience, {
      timeoutMs: TIMEOUT_MS,
      isFresh: true,
    });
    const audience = await answer;
    if (topic === this.#topic) this.#audience = audience;
  }
}

/** A hub of an earlier version has no audience, which leaves the answer undefined. */
async function readAudience(response: HttpResponse): Promise<Audience | undefined> {
  const { viewers, audience } = (await response.json()) as {
    viewers: number;
    audience?: { reporting: number; bound_p99_us: number | null };
  };
  if (audience === undefined || audience.bound_p99_us === null) return undefined;
  return { viewers, reporting: audience.reporting, boundMs: audience.bound_p99_us / 1000 };
}
