/** What the topics of the player carry, and where their replays stand. Called a few times a second. */

import type { Feed, ReplayPosition } from "../page";
import type { Player } from "../player";
import { datasetIndex, lapOf } from "../topic_buffer/laps";
import { recordAt } from "../topic_buffer/sample_ring";
import type { TopicSubscription } from "./topic_subscription";

/** What the topics that the hub has answered for carry; undefined if there are none. */
export function feedOf({ subscriptions }: Pick<Player, "subscriptions">): Feed | undefined {
  const datasets = subscriptions.map(({ buffer }) => buffer.dataset).filter((of) => of !== undefined);
  if (datasets.length === 0) return undefined;
  const replays = datasets.filter((dataset) => dataset !== null).length;
  if (replays === 0) return "live";
  return replays === datasets.length ? "replay" : "mixed";
}

/** Where the replays stand at an instant; `seq` is the lead topic's record at that instant. */
export function replaysAt(player: Player, instant: number, seq: number | undefined): ReplayPosition[] {
  return player.subscriptions.flatMap((subscription) => {
    const shown = subscription === player.lead ? seq : seqAt(subscription, instant);
    return positionOf(subscription, shown) ?? [];
  });
}

function positionOf(
  { buffer, name }: TopicSubscription,
  seq: number | undefined,
): ReplayPosition | undefined {
  const { dataset, newest } = buffer;
  if (dataset === undefined || dataset === null || name === undefined) return undefined;
  const segment = newest === undefined ? undefined : buffer.segmentAt(newest.time);
  const { len: records, sha256, loop } = dataset;
  const nowhere = { topic: name, records, sha256, record: undefined, lap: undefined };
  if (segment === undefined || seq === undefined) return nowhere;
  const lap = loop ? lapOf(segment, records, seq) : undefined;
  return { ...nowhere, record: datasetIndex(segment, records, seq) + 1, lap };
}

function seqAt({ buffer }: TopicSubscription, instant: number): number | undefined {
  const samples = buffer.samples();
  const row = recordAt(samples, instant);
  return row < samples.begin ? undefined : samples.seqs[row];
}
