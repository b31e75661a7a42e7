/**
 * The dialogs of the page, with what they show: help, newest records, columns, value axes and statistics. Loaded on
 * demand.
 */

import type { Api } from "../client/api";
import type { TimeRange } from "../history_cache/time_range";
import type { LiveChart } from "../live_chart";
import { recordTable } from "../player/record_table";
import { openTexts } from "../player/record_texts";
import { rangeStatistics } from "../player/statistics";
import { readingOf } from "../player/view_state";
import { AxesDialog } from "../view/axes_dialog";
import { ColumnsDialog, withColumns } from "../view/columns_dialog";
import { HelpDialog, RecordTable, TABLE_ROWS } from "../view/dialogs";
import dialogsCss from "../view/dialogs.css?inline";
import { adoptStyles, make, setAttribute } from "../view/parts";
import type { Preferences } from "../view/preference";
import { StatisticsDialog } from "../view/statistics_dialog";
import type { AxisChoices } from "./axis_choices";

export interface PageDialogsOptions {
  readonly api: Api;
  readonly liveChart: LiveChart;
  readonly axisChoices: AxisChoices;
  readonly preferences: Preferences;
}

export class PageDialogs {
  readonly #api: Api;
  readonly #liveChart: LiveChart;
  readonly #help: HelpDialog;
  readonly #table: RecordTable;
  readonly #columns: ColumnsDialog;
  readonly #axes: AxesDialog;
  readonly #statistics: StatisticsDialog;

  constructor({ api, liveChart, axisChoices, preferences }: PageDialogsOptions) {
    const { player } = liveChart;
    adoptStyles(dialogsCss);
    this.#api = api;
    this.#liveChart = liveChart;
    this.#help = new HelpDialog(dialog("help"), preferences);
    this.#table = new RecordTable(dialog("table"), () => {
      for (const { subscription } of player.records) subscription.readTexts(openTexts);
      return recordTable(player.records, liveChart.visibleRange, TABLE_ROWS);
    });
    this.#columns = new ColumnsDialog(dialog("columns"));
    this.#axes = new AxesDialog(dialog("axes"), axisChoices);
    this.#statistics = new StatisticsDialog(dialog("statistics"));
  }

  openHelp(): void {
    this.#help.open();
  }

  openTable(): void {
    this.#table.open();
  }

  /** `onChoice` is called after each choice. */
  openColumns(onChoice: () => void): void {
    const { player } = this.#liveChart;
    this.#columns.open({
      topicColumns: () =>
        player.subscriptions.map(({ name: topic = "", buffer: { fields } }) => ({
          topic,
          fields,
          drawn: player.choices.drawn(topic, fields),
        })),
      draw: (topic, names) => {
        const { subscriptions, choices } = player;
        const fields = subscriptions.find(({ name }) => name === topic)?.buffer.fields ?? [];
        choices.columns = withColumns(choices.columns, {
          topic,
          fields,
          names,
          isAlone: subscriptions.length === 1,
        });
        onChoice();
      },
    });
  }

  openAxes(): void {
    this.#axes.open(readingOf(this.#liveChart.player, performance.now(), undefined).legend);
  }

  openStatistics(range: TimeRange): void {
    void this.#statistics.open(rangeStatistics(this.#api, this.#liveChart.player, range));
  }

  /** Updates what follows the stream, at page time `now`. */
  update(now: number): void {
    this.#table.update(now);
  }
}

/** A new dialog, which is named by its title. */
function dialog(name: string): HTMLDialogElement {
  const element = make("dialog", { className: "sheet" });
  element.dataset.part = name;
  setAttribute(element, "aria-labelledby", `${name}-title`);
  document.body.append(element);
  return element;
}
