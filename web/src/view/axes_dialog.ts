/**
 * The dialog for the value axes: whether units have panels of their own or lie over each other, and for every series the
 * ends of its axis and the thresholds beyond which its values are marked. Empty fields mean what the hub has configured.
 */

import type { LegendEntry } from "../page";
import { onDemandStrings } from "../strings/on_demand";
import type { AxisLimits } from "../topic_buffer/axis_limits";
import { fillDialog, showModal } from "./dialogs";
import { labelsOf } from "./legend";
import { button, make, setAttribute } from "./parts";

const LIMITS = ["min", "max", "warnBelow", "warnAbove"] as const satisfies readonly (keyof AxisLimits)[];
const ARRANGEMENTS = ["stacked", "overlaid"] as const;
type PanelArrangement = (typeof ARRANGEMENTS)[number];

/** What the dialog changes. */
export interface AxesActions {
  readonly arrangement: PanelArrangement;
  arrange(arrangement: PanelArrangement): void;
  /** Undefined restores the operator's limits. */
  setLimits(key: string, limits: AxisLimits | undefined): void;
}

export class AxesDialog {
  readonly #dialog: HTMLDialogElement;
  readonly #actions: AxesActions;
  readonly #body = make("div", { className: "scroll", tabIndex: 0 });
  readonly #choices: ReadonlyMap<string, HTMLElement>;

  constructor(dialog: HTMLDialogElement, actions: AxesActions) {
    this.#dialog = dialog;
    this.#actions = actions;
    const choices = ARRANGEMENTS.map(
      (name) => [name, button(onDemandStrings.arrangements[name], () => this.#choose(name))] as const,
    );
    this.#choices = new Map(choices);
    const group = make("div", { className: "choice", ariaLabel: onDemandStrings.arrangement });
    setAttribute(group, "role", "group");
    group.append(...this.#choices.values());
    fillDialog(
      dialog,
      "axes-title",
      onDemandStrings.axes,
      group,
      make("p", {}, onDemandStrings.axesHint),
      this.#body,
    );
  }

  open(legend: readonly LegendEntry[]): void {
    this.#press(this.#actions.arrangement);
    const labels = labelsOf(legend);
    const names = [onDemandStrings.statisticsSeries, ...LIMITS.map((limit) => onDemandStrings.limits[limit])];
    const head = make("tr", {}, ...names.map((text) => make("th", { scope: "col" }, text)));
    const rows = legend.map(({ series }, i) => this.#row(series.key, labels[i] as string, series.limits));
    this.#body.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
    showModal(this.#dialog);
  }

  #row(key: string, label: string, limits: AxisLimits | undefined): HTMLElement {
    const fields = LIMITS.map((limit) => {
      const value = limits?.[limit];
      return make("input", {
        type: "number",
        step: "any",
        placeholder: onDemandStrings.automatic,
        ariaLabel: `${label}, ${onDemandStrings.limits[limit]}`,
        value: value === undefined ? "" : String(value),
      });
    });
    const apply = () => {
      const values = fields.map(({ value }) => (value.trim() === "" ? undefined : Number(value)));
      const [min, max] = values;
      const isOrdered = min === undefined || max === undefined || min < max;
      for (const field of fields.slice(0, 2))
        field.setCustomValidity(isOrdered ? "" : onDemandStrings.limitsOrder);
      if (!isOrdered || !fields.every((field) => field.reportValidity())) return;
      const isEmpty = values.every((value) => value === undefined);
      this.#actions.setLimits(key, isEmpty ? undefined : limitsFrom(values));
    };
    for (const field of fields) field.onchange = apply;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, label),
      ...fields.map((field) => make("td", {}, field)),
    );
  }

  #choose(name: PanelArrangement): void {
    this.#actions.arrange(name);
    this.#press(name);
  }

  #press(arrangement: string): void {
    for (const [name, choice] of this.#choices)
      setAttribute(choice, "aria-pressed", String(name === arrangement));
  }
}

function limitsFrom([min, max, warnBelow, warnAbove]: readonly (number | undefined)[]): AxisLimits {
  return { min, max, warnBelow, warnAbove };
}
