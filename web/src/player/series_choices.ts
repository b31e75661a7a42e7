/**
 * What the user has chosen about the series: which columns are drawn, which lines are hidden, and the limits of their
 * axes. It outlives the traces, which are recreated with the fields.
 *
 * # Columns
 * A column is everything that the records have under one name. Of a topic with many, only those drawn have traces, so
 * the others cost a frame nothing. Columns are given as in the page's address: `name`, or `topic/name` where several
 * topics are shown. Without a name, as in `topic/`, none is drawn. Without any of a topic, those drawn by default are.
 */

import type { AxisLimits } from "../topic_buffer/axis_limits";
import { columnName, type Field } from "../topic_buffer/field";

/** Lines drawn by default: more cannot be told apart. */
export const DRAWN_BY_DEFAULT = 8;

export class SeriesChoices {
  /** Lines shown or hidden, by key of the series. */
  readonly visibility = new Map<string, boolean>();
  /** Axis limits that replace the operator's, by key of the series. */
  readonly limits = new Map<string, AxisLimits>();
  readonly #onChange: () => void;
  #columns: readonly string[];

  /** `onChange` is called when other traces are needed. */
  constructor(columns: readonly string[], onChange: () => void) {
    this.#columns = columns;
    this.#onChange = onChange;
  }

  /** The columns chosen, as in the address; empty for those drawn by default. */
  get columns(): readonly string[] {
    return this.#columns;
  }

  set columns(columns: readonly string[]) {
    this.#columns = columns;
    this.#onChange();
  }

  /** The names of the columns that are drawn, of those that a topic has. */
  drawn(topic: string, fields: readonly Field[]): ReadonlySet<string> {
    const own = this.#columns.filter((one) => isOf(one, topic)).map((one) => one.slice(topic.length + 1));
    const chosen = new Set(own.length > 0 ? own : this.#columns);
    const names = fields.map(columnName).filter((name) => chosen.has(name));
    return names.length > 0 || chosen.has("") ? new Set(names) : drawnByDefault(fields);
  }

  /** Undefined restores the operator's limits. */
  setLimits(key: string, limits: AxisLimits | undefined): void {
    if (limits === undefined) this.limits.delete(key);
    else this.limits.set(key, limits);
    this.#onChange();
  }
}

/** Whether a column in the address is of this topic. */
export function isOf(column: string, topic: string): boolean {
  return column.startsWith(`${topic}/`);
}

/** The first numbers, and everything that is not one. */
function drawnByDefault(fields: readonly Field[]): ReadonlySet<string> {
  let lines = 0;
  const isDrawn = ({ kind }: Field) => {
    if (kind === undefined) lines += 1;
    return kind !== undefined || lines <= DRAWN_BY_DEFAULT;
  };
  return new Set(fields.filter(isDrawn).map(columnName));
}
