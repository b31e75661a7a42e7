/**
 * A spoken summary of the picture for screen readers: when the state of the view changes, and otherwise at most every
 * ten seconds. A value that changes a hundred times a second is not read out a hundred times.
 */

import { SteadyNumberFormat } from "../number";
import type { LegendEntry, ReplayPosition, TopicInfo, ViewState } from "../page";
import { strings } from "../strings";
import { badgeText } from "./badge";
import { labelsOf, thresholdWord, valueText } from "./legend";
import { write } from "./parts";
import type { Preference } from "./preference";
import { datasetName, positionText } from "./replay";
import { spokenSpan, windowText } from "./time_format";

const EVERY_MS = 10_000;
/** More than this cannot be remembered. */
const LINES_MAX = 4;

/** Describes what is visible. */
export function summaryOf({ badge, feed, legend, windowMs, replays, about }: ViewState): string {
  const time = strings.lastTime(windowText(windowMs, "long"));
  const labels = labelsOf(legend);
  const lines = legend.flatMap((entry, i) =>
    entry.isShown ? [lineOf(entry, labels[i] as string, time)] : [],
  );
  const rest = lines.length - LINES_MAX;
  const sentences = [
    stateOf(badge, feed),
    ...lines.slice(0, LINES_MAX),
    ...(rest > 0 ? [strings.summaryMore(rest)] : []),
    ...replays.map((replay) => replayText(replay, about.get(replay.topic))),
  ];
  return sentences.map(strings.sentence).join("").trim();
}

function replayText(replay: ReplayPosition, info: TopicInfo | undefined): string {
  const position = positionText(replay);
  const name = strings.replayOf(datasetName(replay.topic, info));
  return position === undefined ? name : `${name}, ${position}`;
}

/** The badge in words: `−1:23 min` cannot be understood when it is read aloud. */
function stateOf(badge: ViewState["badge"], feed: ViewState["feed"]): string {
  const { state, countdown } = badgeText(badge, feed);
  switch (badge.kind) {
    case "behind":
    case "starving":
      return behindText(badge.behindMs, feed);
    case "paused":
      return `${state}, ${behindText(badge.behindMs, feed)}`;
    case "reconnecting":
      return countdown === ""
        ? state
        : `${state} ${strings.inTime(spokenSpan(1000 * Math.ceil(badge.retryInMs / 1000)))}`;
    default:
      return state;
  }
}

function behindText(behindMs: number, feed: ViewState["feed"]): string {
  return strings.behindNewest(spokenSpan(Math.max(0, behindMs)), feed === "replay");
}

function lineOf(entry: LegendEntry, label: string, time: string): string {
  const { series, low, high } = entry;
  const number = new SteadyNumberFormat();
  const unit = series.field.unit === undefined ? "" : ` ${series.field.unit}`;
  const alarm = thresholdWord(entry);
  const value = `${valueText(number, entry)}${unit}${alarm === "" ? "" : `, ${alarm}`}`;
  const text = strings.summaryValue(label, value);
  if (low === undefined || high === undefined) return text;
  return `${text}${strings.summaryRange(valueText(number, low), valueText(number, high), time)}`;
}

export class Summary {
  readonly #element: HTMLElement;
  readonly #isEnabled: Preference;
  #kind: string | undefined;
  #saidAt = 0;

  constructor(element: HTMLElement, isWanted: Preference) {
    this.#element = element;
    this.#isEnabled = isWanted;
  }

  show(state: ViewState, now: number): void {
    const hasChanged = state.badge.kind !== this.#kind;
    const isDue = this.#isEnabled.isOn && now - this.#saidAt >= EVERY_MS;
    if (!hasChanged && !isDue) return;
    this.#kind = state.badge.kind;
    this.#saidAt = now;
    const hasPicture = this.#isEnabled.isOn && state.notice === undefined;
    write(
      this.#element,
      hasPicture ? summaryOf(state) : strings.sentence(stateOf(state.badge, state.feed)).trim(),
    );
  }
}
