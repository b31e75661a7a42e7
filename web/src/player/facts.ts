/**
 * What the player has to tell those who look: whether the view is live, what it says, and how well it keeps the hub's
 * time. Asked a few times a second, never in every frame; it changes nothing.
 */

import type { Badge, Facts, LegendEntry, Notice, Sync } from "../page";
import type { Player } from "../player";
import type { Channel } from "./channel";
import type { Line } from "./lines";

/** The part of the facts that the player knows. */
export type PlayerFacts = Pick<
  Facts,
  | "topics"
  | "badge"
  | "isPaused"
  | "canPause"
  | "legend"
  | "at"
  | "isPointed"
  | "windowMs"
  | "seq"
  | "viewers"
  | "missed"
  | "drySince"
  | "sync"
  | "notice"
>;

/** Where somebody points in the picture: an instant, hub time in milliseconds. */
export type Pointed = number | undefined;

/** The facts at page time `pageNow`. */
export function factsOf(player: Player, pageNow: number, pointed: Pointed): PlayerFacts {
  const hubNow = player.hubNow(pageNow);
  const newest = hubNow === undefined ? undefined : player.newest(hubNow);
  const notice = noticeOf(player, newest);
  const badge = badgeOf(player, notice, hubNow, pageNow);
  const isPaused = player.playback.state === "paused";
  return {
    topics: player.topics,
    badge,
    isPaused,
    canPause: isPaused || (notice === undefined && badge.kind !== "ended"),
    legend: player.lines.map((line) => entryOf(line, pointed)),
    at: pointed ?? (hubNow === undefined ? undefined : shownUntil(player, hubNow)),
    isPointed: pointed !== undefined,
    windowMs: player.playback.windowMs,
    seq: player.seqAt(pointed ?? Number.POSITIVE_INFINITY),
    viewers: player.lead.timeline.viewers,
    missed: player.channels.reduce((sum, { timeline }) => sum + timeline.missed, 0),
    drySince: hubNow === undefined ? undefined : drySince(player.channels, hubNow),
    sync: syncOf(player.lead, hubNow, pageNow),
    notice,
  };
}

/** The instant at which the first line ends: it may lack what is due at the right edge. */
function shownUntil(player: Player, hubNow: number): number {
  const { playback, lead } = player;
  const lineEnds = lead.timeline.playhead(hubNow) - lead.lagMs(hubNow);
  return Math.min(playback.end(player.newest(hubNow)), lineEnds);
}

/** The instant at which the line ends that lags most. */
function drySince(channels: readonly Channel[], hubNow: number): number | undefined {
  const dry = served(channels).filter((channel) => channel.lagMs(hubNow) > 0);
  const ends = dry.flatMap(({ timeline: { newest } }) => newest?.time ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

function entryOf(line: Line, pointed: Pointed): LegendEntry {
  const { series, isShown } = line;
  return { series, isShown, value: isShown ? line.sampleAt(shownAt(line, pointed))?.value : undefined };
}

function shownAt({ playhead }: Line, pointed: Pointed): number {
  return Math.min(playhead, pointed ?? playhead);
}

function badgeOf(
  player: Player,
  notice: Notice | undefined,
  hubNow: number | undefined,
  pageNow: number,
): Badge {
  const { link } = player;
  if (link.kind === "waiting") {
    const kind = link.isOnline ? "reconnecting" : "offline";
    return { kind, retryInMs: Math.max(0, link.until - pageNow) };
  }
  if (link.kind === "closed") return { kind: "stopped" };
  if (link.kind !== "live" && link.kind !== "draining") return { kind: link.kind };
  if (hubNow === undefined) return { kind: "connecting" };
  if (notice?.kind === "begins" || notice?.kind === "waiting") return { kind: "waiting" };
  if (notice?.kind === "other-epoch") return { kind: "stopped" };
  const { state } = player.playback;
  const behindMs = player.playback.behindMs(player.newest(hubNow));
  if (state !== "following") return { kind: state === "paused" ? "paused" : "behind", behindMs };
  return link.kind === "draining" ? link : badgeAtTheEdge(player.channels, hubNow);
}

function badgeAtTheEdge(channels: readonly Channel[], hubNow: number): Badge {
  const those = served(channels);
  if (those.length > 0 && those.every(({ timeline }) => timeline.hasEnded(hubNow))) return { kind: "ended" };
  const late = those.find((channel) => channel.isBehind(hubNow));
  return late === undefined ? { kind: "live" } : { kind: "starving", behindMs: late.lagMs(hubNow) };
}

/** Those that have answered and are not refused since: of the others nothing is due. */
function served(channels: readonly Channel[]): readonly Channel[] {
  return channels.filter(({ epoch, isRefused }) => epoch !== undefined && !isRefused);
}

function syncOf(channel: Channel, hubNow: number | undefined, pageNow: number): Sync {
  return {
    offsetMs: hubNow === undefined ? undefined : hubNow - Date.now(),
    errorMs: channel.client.clock.errorBound(pageNow),
    delayMs: channel.epoch === undefined ? undefined : channel.timeline.delayMs,
    aheadMs: channel.arrivals.aheadMs,
  };
}

function noticeOf(player: Player, newest: number | undefined): Notice | undefined {
  const { link, lead } = player;
  if (link.kind === "stopped") return { kind: "refused", refusal: link.refusal, topic: lead.name ?? "" };
  if (player.hasOtherEpoch) return { kind: "other-epoch" };
  const isThere = player.channels.some(({ timeline }) => timeline.hasRecords);
  if (isThere && newest !== undefined) return player.lines.length === 0 ? { kind: "no-number" } : undefined;
  if (link.kind === "waiting") return { kind: "lost" };
  if (link.kind !== "live" || isThere) return { kind: "connecting" };
  const { beginsAt } = lead.timeline;
  const isToCome = beginsAt !== undefined && newest !== undefined && beginsAt > newest;
  return isToCome ? { kind: "begins", at: beginsAt } : { kind: "waiting" };
}
