/** ARIA values of the time navigator, and when they are worth announcing. Knows no elements. */

import { spokenMoment } from "../local_time";
import { strings } from "../strings";
import type { NavigatorState } from "./navigator_range";

export interface AriaValues {
  /** Seconds since the beginning. */
  readonly max: number;
  readonly now: number;
  readonly text: string;
}

/** Smaller changes come from the line advancing, not from the user. */
const MOVED_MS = 50;

/** `spanText` names durations in words. */
export function ariaValues(
  { oldest, newest, view }: NavigatorState,
  isFollowing: boolean,
  spanText: (ms: number) => string,
  isReplay = false,
): AriaValues {
  const span = spanText(newest - view.to);
  const following = isReplay ? strings.navigatorReplay : strings.navigatorLive;
  const behind = isFollowing ? following : strings.behindNewest(span, isReplay);
  return {
    max: inSeconds(newest - oldest),
    now: inSeconds(view.to - oldest),
    // The zone is in the navigator's name: it would make every step longer to listen to.
    text: strings.navigatorAt(behind, spokenMoment(view.to, newest)),
  };
}

/**
 * Whether the user has moved the view. A view that plays behind live keeps its distance, and a paused one keeps its
 * instant; announcing either every second would be noise.
 */
export function hasMoved(before: NavigatorState | undefined, now: NavigatorState): boolean {
  if (before === undefined) return true;
  const behind = (state: NavigatorState) => state.newest - state.view.to;
  const [by, further] = [now.view.to - before.view.to, behind(now) - behind(before)];
  return Math.abs(by) >= MOVED_MS && Math.abs(further) >= MOVED_MS;
}

function inSeconds(ms: number): number {
  return Math.round(Math.max(0, ms) / 100) / 10;
}
