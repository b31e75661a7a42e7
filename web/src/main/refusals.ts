/**
 * Topics that the hub refuses while it serves others. The picture is that of the others, so that there is no place to
 * say it for good: each is told once. Where all are refused, the notice in the middle of the page says so.
 */

import type { Player } from "../player";
import type { Channel } from "../player/channel";
import { strings } from "../strings";

export class Refusals {
  readonly #told = new WeakSet<Channel>();

  /** What is to be told now, if anything. */
  next({ channels, link }: Pick<Player, "channels" | "link">): string | undefined {
    if (link.kind === "stopped") return undefined;
    for (const channel of channels) {
      if (channel.link.kind !== "stopped" || this.#told.has(channel)) continue;
      this.#told.add(channel);
      return strings.refused(channel.link.refusal, channel.name ?? "");
    }
    return undefined;
  }
}
