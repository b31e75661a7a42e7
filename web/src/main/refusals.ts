/**
 * Topics that the hub refuses, or has no room for, while it serves others. The picture is that of the others, so that
 * there is no place to say it for good: each is told once. Where all are refused, the notice in the middle of the page
 * says so.
 */

import type { Link } from "../client/connection";
import type { Player } from "../player";
import type { Channel } from "../player/channel";
import { strings } from "../strings";

export class Refusals {
  readonly #told = new WeakSet<Channel>();

  /** What is to be told now, if anything. */
  next({ channels, link }: Pick<Player, "channels" | "link">): string | undefined {
    if (link.kind === "stopped") return undefined;
    for (const channel of channels) {
      if (this.#told.has(channel)) continue;
      const text = wordsFor(channel, link);
      if (text === undefined) continue;
      this.#told.add(channel);
      return text;
    }
    return undefined;
  }
}

/** `served` is how the hub is reached otherwise: while it is away, nothing comes of any topic, and the badge says so. */
function wordsFor({ link, epoch, name = "" }: Channel, served: Link): string | undefined {
  if (link.kind === "stopped") return strings.refused(link.refusal, name);
  const isLeftOut = served.kind === "live" && link.kind === "waiting" && epoch === undefined;
  return isLeftOut ? strings.leftOut(name) : undefined;
}
