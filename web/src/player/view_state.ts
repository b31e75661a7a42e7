/**
 * Derives the view state from the player: whether the view is live, its values, and how closely it follows the hub's
 * clock. Called a few times a second, and for the values whenever a drawn point has changed; it changes nothing.
 */

import type { Badge, LegendEntry, Notice, Reading, Sync, ViewState } from "../page";
import type { Player } from "../player";
import { columnName } from "../topic_buffer/field";
import { feedOf, replaysAt } from "./replay_state";
import type { SeriesTrace } from "./series_trace";
import type { TopicSubscription } from "./topic_subscription";

/** The part of the view state that the player knows. */
export type PlayerViewState = Pick<
  ViewState,
  | "topics"
  | "badge"
  | "isPaused"
  | "canPause"
  | "legend"
  | "columns"
  | "unlisted"
  | "at"
  | "isPointed"
  | "windowMs"
  | "seq"
  | "viewers"
  | "feed"
  | "replays"
  | "missed"
  | "starvingSince"
  | "lostSince"
  | "sync"
  | "notice"
>;

/** The instant under the crosshair, hub time in milliseconds. */
export type PointedInstant = number | undefined;

/** The view state at page time `pageNow`. */
export function viewState(player: Player, pageNow: number, pointed: PointedInstant): PlayerViewState {
  const hubNow = player.hubNow(pageNow);
  const newest = hubNow === undefined ? undefined : player.newest(hubNow);
  const notice = noticeOf(player, newest);
  const badge = badgeOf(player, notice, hubNow, pageNow);
  const isPaused = player.viewport.state === "paused";
  const reading = readingOf(player, pageNow, pointed);
  return {
    topics: player.topics,
    badge,
    isPaused,
    canPause: isPaused || ((notice?.kind ?? "no-number") === "no-number" && badge.kind !== "ended"),
    ...reading,
    columns: columnsOf(player),
    unlisted: player.subscriptions.reduce((sum, { buffer }) => sum + buffer.unlisted, 0),
    windowMs: player.viewport.windowMs,
    viewers: player.lead.buffer.viewers,
    feed: feedOf(player),
    missed: player.subscriptions.reduce((sum, { buffer }) => sum + buffer.missed, 0),
    starvingSince: hubNow === undefined ? undefined : earliestStarvation(player.subscriptions, hubNow),
    lostSince: isLost(player) ? newest : undefined,
    sync: syncOf(player, hubNow, pageNow),
    notice,
  };
}

function columnsOf({ subscriptions, choices }: Player): ViewState["columns"] {
  let [drawn, all] = [0, 0];
  for (const { name = "", buffer } of subscriptions) {
    drawn += choices.drawn(name, buffer.fields).size;
    all += new Set(buffer.fields.map(columnName)).size;
  }
  return { drawn, all };
}

/** The values of the drawn points, for every frame in which one of them has changed. */
export function readingOf(player: Player, pageNow: number, pointed: PointedInstant): Reading {
  const hubNow = player.hubNow(pageNow);
  const at = pointed ?? (hubNow === undefined ? undefined : shownUntil(player, hubNow));
  const seq = player.seqAt(pointed ?? Number.POSITIVE_INFINITY);
  return {
    legend: player.traces.map((trace) => entryOf(trace, pointed)),
    at,
    isPointed: pointed !== undefined,
    seq,
    replays: replaysAt(player, at ?? Number.POSITIVE_INFINITY, seq),
  };
}

/** The instant at which the lead series ends: it may lack records due at the right edge. */
function shownUntil(player: Player, hubNow: number): number {
  const { viewport, lead } = player;
  const lineEnds = lead.buffer.playhead(hubNow) - lead.lagMs(hubNow);
  return Math.min(viewport.end(player.newest(hubNow)), lineEnds);
}

/** The end of the series that lags most. */
function earliestStarvation(subscriptions: readonly TopicSubscription[], hubNow: number): number | undefined {
  const starving = answered(subscriptions).filter((subscription) => subscription.lagMs(hubNow) > 0);
  const ends = starving.flatMap(({ buffer: { newest } }) => newest?.time ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

function entryOf(trace: SeriesTrace, pointed: PointedInstant): LegendEntry {
  const { series, isShown } = trace;
  const point = isShown ? trace.pointAt(pointed ?? Number.POSITIVE_INFINITY) : undefined;
  return { series, isShown, value: point?.value, spelling: point?.spelling };
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
    return {
      kind,
      retryInMs: Math.max(0, link.until - pageNow),
      isTopicStopped: link.isTopicStopped === true,
    };
  }
  // An attempt after a loss, which may fail like the ones before it.
  if (isLost(player)) return { kind: player.lead.isOnline ? "reconnecting" : "offline", retryInMs: 0 };
  if (link.kind === "closed") return { kind: "stopped" };
  if (link.kind !== "live" && link.kind !== "draining") return { kind: link.kind };
  if (hubNow === undefined) return { kind: "connecting" };
  if (notice?.kind === "begins" || notice?.kind === "waiting") return { kind: "waiting" };
  if (notice?.kind === "other-epoch") return { kind: "stopped" };
  const { state } = player.viewport;
  const behindMs = player.viewport.behindMs(player.newest(hubNow));
  if (state !== "following") return { kind: state === "paused" ? "paused" : "behind", behindMs };
  return link.kind === "draining" ? link : liveBadge(player.subscriptions, hubNow);
}

/** Whether the page has been connected and is not now. */
function isLost({ link, lead }: Player): boolean {
  return lead.epoch !== undefined && (link.kind === "waiting" || link.kind === "connecting");
}

function liveBadge(subscriptions: readonly TopicSubscription[], hubNow: number): Badge {
  const active = answered(subscriptions);
  if (active.length > 0 && active.every(({ buffer }) => buffer.hasEnded(hubNow))) return { kind: "ended" };
  const late = active.find((subscription) => subscription.isBehind(hubNow));
  return late === undefined ? { kind: "live" } : { kind: "starving", behindMs: late.lagMs(hubNow) };
}

/** The subscriptions that have been answered and are not refused: nothing is due from the others. */
function answered(subscriptions: readonly TopicSubscription[]): readonly TopicSubscription[] {
  return subscriptions.filter(({ epoch, isRefused }) => epoch !== undefined && !isRefused);
}

function syncOf(player: Player, hubNow: number | undefined, pageNow: number): Sync {
  const { epoch, buffer, arrivalStats } = player.lead;
  const delayMs = epoch === undefined ? undefined : buffer.delayMs(hubNow);
  const isSilent = hubNow !== undefined && player.lead.isSilent(hubNow);
  // Without a hub nothing is measured, and an old measurement says less with every second.
  if (isLost(player) || isSilent)
    return { offsetMs: undefined, errorMs: undefined, delayMs, aheadMs: undefined, isLost: true };
  return {
    offsetMs: hubNow === undefined ? undefined : hubNow - Date.now(),
    errorMs: player.errorBound(pageNow),
    delayMs,
    aheadMs: arrivalStats.aheadMs,
    isLost: false,
  };
}

function noticeOf(player: Player, newest: number | undefined): Notice | undefined {
  const { link, lead } = player;
  if (link.kind === "stopped") return { kind: "refused", refusal: link.refusal, topic: lead.name ?? "" };
  if (player.hasOtherEpoch) return { kind: "other-epoch" };
  const hasRecords = player.subscriptions.some(({ buffer }) => buffer.hasRecords);
  if (hasRecords && newest !== undefined) return player.hasLines ? undefined : { kind: "no-number" };
  if (link.kind === "waiting") return { kind: link.isTopicStopped ? "data-changed" : "lost" };
  if (link.kind !== "live" || hasRecords) return { kind: "connecting" };
  const { startsAt: beginsAt } = lead.buffer;
  const isUpcoming = beginsAt !== undefined && newest !== undefined && beginsAt > newest;
  return isUpcoming ? { kind: "begins", at: beginsAt } : { kind: "waiting" };
}
