/** The simulated networks, and the random paths of pages in them. */

import type { DelayModel, Path } from "./path/delay_model";

export type ProfileName = "lan" | "broadband" | "mobile";

interface Profile {
  /** Range of the minimum one-way delay. It is the same both ways for a page: no clock could detect a difference. */
  readonly floorsMs: readonly [number, number];
  readonly upQueueMs: number;
  readonly downQueueMs: number;
  readonly spikeShare: number;
  readonly spikeMs: number;
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  lan: { floorsMs: [0.2, 1], upQueueMs: 0.3, downQueueMs: 0.3, spikeShare: 0, spikeMs: 0 },
  broadband: { floorsMs: [5, 75], upQueueMs: 4, downQueueMs: 2, spikeShare: 0.03, spikeMs: 80 },
  mobile: { floorsMs: [5, 75], upQueueMs: 30, downQueueMs: 10, spikeShare: 0.08, spikeMs: 300 },
};

export function isProfile(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}

export function drawPaths(name: ProfileName, pages: number, random: () => number): Path[] {
  const { floorsMs, upQueueMs, downQueueMs, spikeShare, spikeMs } = PROFILES[name];
  const [least, most] = floorsMs;
  return Array.from({ length: pages }, () => {
    const floorMs = least + random() * (most - least);
    const model = (queueMs: number): DelayModel => ({ floorMs, queueMs, spikeShare, spikeMs });
    return { up: model(upQueueMs), down: model(downQueueMs) };
  });
}
