/**
 * The hub's topics, as far as the page needs more than the player shows: which topics there are to choose from, and
 * which of the chosen ones the hub does not serve.
 */

import type { Api } from "../client/api";
import type { Link } from "../client/connection";
import type { HttpResponse } from "../client/runtime";
import type { About, TopicInfo } from "../page";
import type { Player } from "../player";
import type { TopicSubscription } from "../player/topic_subscription";
import { strings } from "../strings";

/** A request that takes longer counts as failed. */
const TIMEOUT_MS = 5_000;

/** A topic in the hub's list. Twin: `src/protocol/topic_description.rs`. Earlier hubs say less. */
interface ListedTopic {
  readonly name: string;
  readonly dataset?: { readonly name: string } | null;
  readonly about?: About | null;
}

/** The hub's topics; when to refresh them is up to the caller. */
export class TopicList {
  readonly #api: Api;
  #names: readonly string[] | undefined;
  #about: ReadonlyMap<string, TopicInfo> = new Map();

  constructor(api: Api) {
    this.#api = api;
  }

  /** In the hub's order; undefined until they have been fetched. */
  get names(): readonly string[] | undefined {
    return this.#names;
  }

  /** What the hub says about its topics, by name. */
  get about(): ReadonlyMap<string, TopicInfo> {
    return this.#about;
  }

  /** Fetches the list; if that fails, the previous one stays. */
  async refresh(): Promise<void> {
    const { answer } = this.#api.get("/api/v1/topics", readTopics, { timeoutMs: TIMEOUT_MS });
    const topics = await answer;
    if (topics === undefined) return;
    this.#names = topics.map(({ name }) => name);
    this.#about = new Map(topics.map((topic) => [topic.name, infoOf(topic)]));
  }
}

async function readTopics(response: HttpResponse): Promise<readonly ListedTopic[]> {
  const { topics } = (await response.json()) as { topics: readonly ListedTopic[] };
  return topics;
}

function infoOf({ name, dataset, about }: ListedTopic): TopicInfo {
  return { name, dataset: dataset?.name, about: about ?? {} };
}

/**
 * Announces topics that the hub rejects, or has no capacity for, while it serves others. The picture shows the others
 * and leaves no place for a permanent message, so each is announced once. If all topics are rejected, the notice in the
 * middle of the page says so.
 */
export class RejectNotices {
  readonly #announced = new WeakSet<TopicSubscription>();

  /** The next announcement, if any. */
  next({ subscriptions, link }: Pick<Player, "subscriptions" | "link">): string | undefined {
    if (link.kind === "stopped") return undefined;
    for (const subscription of subscriptions) {
      if (this.#announced.has(subscription)) continue;
      const text = noticeFor(subscription, link);
      if (text === undefined) continue;
      this.#announced.add(subscription);
      return text;
    }
    return undefined;
  }
}

/**
 * `served` is the connection state of the lead topic: while the hub is unreachable, no topic receives anything, and the
 * badge says so.
 */
function noticeFor({ link, epoch, name = "" }: TopicSubscription, served: Link): string | undefined {
  if (link.kind === "stopped") return strings.refused(link.refusal, name);
  const isUnavailable = served.kind === "live" && link.kind === "waiting" && epoch === undefined;
  return isUnavailable ? strings.topicUnavailable(name) : undefined;
}
