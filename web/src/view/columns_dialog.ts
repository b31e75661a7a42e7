/**
 * The dialog for the columns: which of those in the records are drawn, by topic, with a search. Every choice takes effect
 * at once.
 */

import { isOf } from "../player/series_choices";
import { onDemandStrings } from "../strings/on_demand";
import { columnName, type Field } from "../topic_buffer/field";
import { fillDialog, showModal } from "./dialogs";
import { button, make, setAttribute, write } from "./parts";

export interface TopicColumns {
  readonly topic: string;
  readonly fields: readonly Field[];
  /** The names of the columns that are drawn. */
  readonly drawn: ReadonlySet<string>;
}

/** What the dialog changes. */
export interface ColumnActions {
  /** The columns of the topics shown. */
  topicColumns(): readonly TopicColumns[];
  /** Draws these columns of a topic; undefined for those drawn by default. */
  draw(topic: string, names: ReadonlySet<string> | undefined): void;
}

/** A shorter list can be seen as a whole. */
const LONG = 8;

interface ColumnRow {
  readonly row: HTMLElement;
  readonly box: HTMLInputElement;
  readonly topic: string;
  /** In lower case. */
  readonly text: string;
}

export class ColumnsDialog {
  readonly #dialog: HTMLDialogElement;
  readonly #body = make("div", { className: "columns" });
  readonly #status = make("p", { role: "status" });
  readonly #search = make("input", {
    type: "search",
    placeholder: onDemandStrings.findColumn,
    ariaLabel: onDemandStrings.findColumn,
  });
  #actions: ColumnActions | undefined;
  #rows: readonly ColumnRow[] = [];

  constructor(dialog: HTMLDialogElement) {
    this.#dialog = dialog;
    this.#search.oninput = () => this.#filter();
    const hint = make("p", {}, onDemandStrings.columnsHint);
    fillDialog(
      dialog,
      "columns-title",
      onDemandStrings.columns,
      hint,
      this.#search,
      this.#status,
      this.#body,
    );
  }

  open(actions: ColumnActions): void {
    this.#actions = actions;
    const topics = actions.topicColumns();
    this.#search.value = "";
    this.#rows = topics.flatMap(({ topic, fields }) =>
      [...new Set(fields.map(columnName))].map((name) => this.#row(topic, name, fields)),
    );
    this.#body.replaceChildren(...topics.map(({ topic }) => this.#group(topic, topics.length > 1)));
    this.#search.hidden = this.#rows.length <= LONG;
    this.#filter();
    this.#press();
    showModal(this.#dialog);
  }

  /** A key with values of several kinds is one column. */
  #row(topic: string, name: string, fields: readonly Field[]): ColumnRow {
    const own = fields.filter((field) => columnName(field) === name);
    const label = own[0]?.label ?? name;
    const kinds = own.map(({ kind = "number" }) => onDemandStrings.kinds[kind]);
    const words = [own[0]?.unit, ...kinds].filter(Boolean).join(", ");
    const box = make("input", { type: "checkbox", value: name });
    box.onchange = () => this.#choose(topic);
    // A label stands beside the name that the records, and files that are saved, have.
    const key = label === name ? [] : [make("code", {}, name)];
    const text = make("span", {}, label, " ", make("small", {}, words), ...key);
    return {
      row: make("li", {}, make("label", {}, box, text)),
      box,
      topic,
      text: `${name} ${label} ${words}`.toLowerCase(),
    };
  }

  #group(topic: string, isOneOfSeveral: boolean): HTMLElement {
    const rows = this.#rows.filter((one) => one.topic === topic);
    const set = (isDrawn: boolean) => () => {
      for (const { box, row } of rows) if (!row.hidden) box.checked = isDrawn;
      this.#choose(topic);
    };
    const group = make("section", {});
    setAttribute(group, "role", "group");
    group.ariaLabel = onDemandStrings.columnsOf(topic);
    const buttons = [
      button(onDemandStrings.allColumns, set(true), "button"),
      button(onDemandStrings.noColumns, set(false), "button"),
      button(onDemandStrings.firstColumns, () => this.#draw(topic, undefined), "button"),
    ];
    if (isOneOfSeveral) group.append(make("h3", {}, topic));
    group.append(make("p", { className: "buttons" }, ...buttons));
    group.append(make("ul", {}, ...rows.map(({ row }) => row)));
    return group;
  }

  #choose(topic: string): void {
    const chosen = this.#rows.filter((one) => one.topic === topic && one.box.checked);
    this.#draw(topic, new Set(chosen.map(({ box }) => box.value)));
  }

  #draw(topic: string, names: ReadonlySet<string> | undefined): void {
    this.#actions?.draw(topic, names);
    this.#press();
    this.#say();
  }

  /** Sets the boxes to what is drawn. */
  #press(): void {
    const drawn = new Map(this.#actions?.topicColumns().map((one) => [one.topic, one.drawn]));
    for (const { box, topic } of this.#rows) box.checked = drawn.get(topic)?.has(box.value) === true;
    this.#say();
  }

  #filter(): void {
    const wanted = this.#search.value.trim().toLowerCase();
    for (const { row, text } of this.#rows) row.hidden = !text.includes(wanted);
    this.#say();
  }

  #say(): void {
    const found = this.#rows.filter(({ row }) => !row.hidden).length;
    const drawn = this.#rows.filter(({ box }) => box.checked).length;
    const all = this.#rows.length;
    const search = found === 0 ? onDemandStrings.columnsNone : onDemandStrings.columnsFound(found, all);
    const texts = [onDemandStrings.columnsDrawn(drawn, all), ...(found < all ? [search] : [])];
    write(this.#status, texts.join("; "));
  }
}

/** What has been chosen for a topic. */
export interface ColumnChoice {
  readonly topic: string;
  readonly fields: readonly Field[];
  /** Undefined for the columns drawn by default. */
  readonly names: ReadonlySet<string> | undefined;
  /** Whether no other topic is shown: then the topic need not be named. */
  readonly isAlone: boolean;
}

/**
 * The columns in the page's address with this choice, in the order of the records; those of other topics stay. What they
 * mean: `player/series_choices.ts`.
 */
export function withColumns(
  columns: readonly string[],
  { topic, fields, names, isAlone }: ColumnChoice,
): readonly string[] {
  const known = new Set(fields.map(columnName));
  const others = columns.filter((one) => one !== "" && !known.has(one) && !isOf(one, topic));
  const own = names?.size === 0 ? [""] : [...known].filter((name) => names?.has(name));
  // A name that looks like one of a topic has to be given with its topic.
  const isShort = isAlone && !own.some((name) => isOf(name, topic));
  return [...others, ...own.map((name) => (isShort ? name : `${topic}/${name}`))];
}
