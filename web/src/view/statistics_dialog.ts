/** The statistics of the visible range: a row for every visible series. */

import { LOCALE } from "../locale";
import { SteadyNumberFormat } from "../number";
import type { SeriesStatistics } from "../page";
import { strings } from "../strings";
import { onDemandStrings } from "../strings/on_demand";
import { fillDialog, showModal } from "./dialogs";
import { labelsOf, valueText } from "./legend";
import { make } from "./parts";
import { momentText } from "./time_format";

const whole = new Intl.NumberFormat(LOCALE);
/** A mean has more digits than its values, most of which mean nothing: as many are shown as tell its values apart. */
const MEAN_DIGITS = 6;
/** As many as a double has. */
const DIGITS_MAX = 17;

export class StatisticsDialog {
  readonly #dialog: HTMLDialogElement;
  readonly #body = make("div", { className: "scroll", tabIndex: 0 });
  /** Changes with every request, so that a late answer does not replace a newer one. */
  #request = 0;

  constructor(dialog: HTMLDialogElement) {
    this.#dialog = dialog;
    fillDialog(dialog, "statistics-title", onDemandStrings.statistics, this.#body);
  }

  async open(wanted: Promise<SeriesStatistics>): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    this.#body.replaceChildren(make("p", {}, onDemandStrings.statisticsLoading));
    showModal(this.#dialog);
    const found = await wanted;
    if (request === this.#request) this.#body.replaceChildren(...content(found));
  }
}

function content({ from, to, rows }: SeriesStatistics): readonly HTMLElement[] {
  const range = make(
    "p",
    {},
    onDemandStrings.statisticsRange(momentText(from, Date.now()), momentText(to, Date.now())),
  );
  const labels = labelsOf(rows.map(({ entry }) => entry));
  const names = [
    onDemandStrings.statisticsSeries,
    onDemandStrings.minimum,
    onDemandStrings.maximum,
    onDemandStrings.mean,
    onDemandStrings.count,
  ];
  const head = make("tr", {}, ...names.map((text) => make("th", { scope: "col" }, text)));
  const body = rows.map(({ entry, statistics }, i) => {
    const unit = entry.series.field.unit;
    const label = unit === undefined ? (labels[i] as string) : `${labels[i]}, ${unit}`;
    return make("tr", {}, ...[label, ...textsOf(statistics)].map((text) => make("td", {}, text)));
  });
  return [range, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body))];
}

function textsOf(statistics: SeriesStatistics["rows"][number]["statistics"]): readonly string[] {
  if (statistics === undefined) return [strings.noValue, strings.noValue, strings.noValue, strings.noValue];
  const { min, max, mean, count } = statistics;
  const number = new SteadyNumberFormat();
  const rounded = mean === undefined ? undefined : { value: roundedMean(mean, min?.value, max?.value) };
  return [
    valueText(number, min),
    valueText(number, max),
    valueText(new SteadyNumberFormat(), rounded),
    whole.format(count),
  ];
}

/** Rounds a mean, but never so that values which are close to each other have a mean that is not among them. */
export function roundedMean(mean: number, min = mean, max = mean): number {
  if (min === max) return min;
  // Halves, because the difference of two large numbers may be infinite.
  const alike = Math.log10(Math.max(Math.abs(min), Math.abs(max)) / 2 / (max / 2 - min / 2));
  const digits = Math.min(DIGITS_MAX, MEAN_DIGITS + Math.max(0, Math.ceil(alike)));
  return Number(mean.toPrecision(digits));
}
