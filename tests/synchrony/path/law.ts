/**
 * How long one direction of a path takes: a floor that nothing falls below, queueing on top, and now and then a
 * spike. Pure chance with a seed; it moves no bytes.
 */

export interface Law {
  readonly floorMs: number;
  /** Mean of the queueing, which is exponential. */
  readonly queueMs: number;
  /** How many of all chunks meet a spike, and how long that is at most; evenly distributed up to it. */
  readonly spikeShare: number;
  readonly spikeMs: number;
}

/** Both directions of one page's path. They share no chance but the floor. */
export interface Path {
  readonly up: Law;
  readonly down: Law;
}

export function delayBy({ floorMs, queueMs, spikeShare, spikeMs }: Law, random: () => number): number {
  const queue = -queueMs * Math.log(1 - random());
  const spike = random() < spikeShare ? random() * spikeMs : 0;
  return floorMs + queue + spike;
}
