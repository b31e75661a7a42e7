/**
 * A model of one direction of a path: a minimum delay, exponential queueing, and occasional spikes. Uses seeded
 * randomness; forwards no bytes.
 */

export interface DelayModel {
  readonly floorMs: number;
  /** Mean of the exponential queueing delay. */
  readonly queueMs: number;
  /** Share of chunks delayed by a spike, and its maximum; uniformly distributed. */
  readonly spikeShare: number;
  readonly spikeMs: number;
}

/** Both directions of one page's path. They share only the minimum delay. */
export interface Path {
  readonly up: DelayModel;
  readonly down: DelayModel;
}

export function sampleDelay(
  { floorMs, queueMs, spikeShare, spikeMs }: DelayModel,
  random: () => number,
): number {
  const queue = -queueMs * Math.log(1 - random());
  const spike = random() < spikeShare ? random() * spikeMs : 0;
  return floorMs + queue + spike;
}
