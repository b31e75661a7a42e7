/** What a screen reader says of the strip, and when it is news. Knows no elements. */

import { strings } from "../strings";
import type { Place } from "./span";

export interface Spoken {
  /** Seconds from the beginning. */
  readonly max: number;
  readonly now: number;
  readonly text: string;
}

/** Smaller moves are the line going on, and not somebody moving the view. */
const MOVED_MS = 50;

const clockTime = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
const time = new Intl.DateTimeFormat(undefined, clockTime);
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** `spanText` writes how long something takes as the rest of the page does. */
export function speak(
  { oldest, newest, view }: Place,
  isFollowing: boolean,
  spanText: (ms: number) => string,
): Spoken {
  const behind = isFollowing ? strings.stripLive : strings.stripBehind(spanText(newest - view.to));
  return {
    max: inSeconds(newest - oldest),
    now: inSeconds(view.to - oldest),
    text: strings.stripAt(behind, momentOf(view.to, newest)),
  };
}

/**
 * Whether the view was moved. One that goes on behind live keeps its distance, and one that stands still keeps its instant:
 * to read either out with every second of it would be noise.
 */
export function isMoved(before: Place | undefined, now: Place): boolean {
  if (before === undefined) return true;
  const behind = (place: Place) => place.newest - place.view.to;
  const [by, further] = [now.view.to - before.view.to, behind(now) - behind(before)];
  return Math.abs(by) >= MOVED_MS && Math.abs(further) >= MOVED_MS;
}

/** The day is said where it is not that of what is newest. */
function momentOf(instant: number, newest: number): string {
  const isSameDay = day.format(instant) === day.format(newest);
  return (isSameDay ? time : dayAndTime).format(instant);
}

function inSeconds(ms: number): number {
  return Math.round(Math.max(0, ms) / 100) / 10;
}
