/**
 * Announces topics that the hub rejects, or has no capacity for, while it serves others. The picture shows the others
 * and leaves no place for a permanent message, so each is announced once. If all topics are rejected, the notice in the
 * middle of the page says so.
 */

import type { Link } from "../client/connection";
import type { Player } from "../player";
import type { TopicSubscription } from "../player/topic_subscription";
import { strings } from "../strings";

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
