/**
 * The picture in a sentence, for those who listen to it: when the state of the view changes, and otherwise at most every
 * ten seconds. A value that changes a hundred times a second is not read aloud a hundred times.
 */

import { SteadyNumber } from "../number";
import type { Facts, LegendEntry } from "../page";
import { strings } from "../strings";
import { badgeWords } from "./badge";
import { labelsOf, valueText } from "./legend";
import { write } from "./parts";
import type { Switch } from "./switch";
import { windowText } from "./time";

const EVERY_MS = 10_000;
/** Nobody keeps more in mind. */
const LINES_MAX = 4;

/** What is seen, in words. */
export function summaryOf({ badge, legend, windowMs }: Facts): string {
  const time = strings.lastTime(windowText(windowMs, "long"));
  const labels = labelsOf(legend);
  const lines = legend.flatMap((entry, i) =>
    entry.isShown ? [lineOf(entry, labels[i] as string, time)] : [],
  );
  const rest = lines.length - LINES_MAX;
  const said = [
    stateOf(badge),
    ...lines.slice(0, LINES_MAX),
    ...(rest > 0 ? [strings.summaryMore(rest)] : []),
  ];
  return said.map(strings.sentence).join("").trim();
}

function stateOf(badge: Facts["badge"]): string {
  const { state, behind, countdown } = badgeWords(badge);
  return [state, behind, countdown].filter((word) => word !== "").join(" ");
}

function lineOf({ series, value, low, high }: LegendEntry, label: string, time: string): string {
  const number = new SteadyNumber();
  const unit = series.field.unit === undefined ? "" : ` ${series.field.unit}`;
  const text = strings.summaryValue(label, `${valueText(number, value)}${unit}`);
  if (low === undefined || high === undefined) return text;
  return `${text}${strings.summaryRange(number.text(low), number.text(high), time)}`;
}

export class Summary {
  readonly #element: HTMLElement;
  readonly #switch: Switch;
  #kind: string | undefined;
  #saidAt = 0;

  constructor(element: HTMLElement, isWanted: Switch) {
    this.#element = element;
    this.#switch = isWanted;
  }

  show(facts: Facts, now: number): void {
    const isOther = facts.badge.kind !== this.#kind;
    const isDue = this.#switch.isOn && now - this.#saidAt >= EVERY_MS;
    if (!isOther && !isDue) return;
    this.#kind = facts.badge.kind;
    this.#saidAt = now;
    const hasPicture = this.#switch.isOn && facts.notice === undefined;
    write(this.#element, hasPicture ? summaryOf(facts) : strings.sentence(stateOf(facts.badge)).trim());
  }
}
