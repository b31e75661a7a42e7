/**
 * The newest records of all topics as a table, newest first: one column per key, whatever the values are, each as the
 * hub has spelled it. Knows no elements.
 */

import type { TimeRange } from "../history_cache/time_range";
import type { RecordRow, RecordTableContent } from "../page";
import { strings } from "../strings";
import { DEPTH_MAX, escapeKey, pathOf } from "../topic_buffer/field_path";
import { forEachMember } from "../topic_buffer/json_text";
import { newestSamples } from "./newest_samples";
import type { SeriesTrace } from "./series_trace";

/** Further columns would not be found, and keys that never repeat must not fill the memory. */
const COLUMNS_MAX = 32;
/** A longer value is cut: the whole record is shown elsewhere. */
const CELL_MAX = 120;
/** The column of a record that is not an object. */
const WHOLE = "";

interface FoundRecord {
  readonly trace: SeriesTrace;
  readonly time: number;
  readonly seq: number;
}

/** The table of the newest `count` records in a range; `records` are the traces of the records of each topic. */
export function recordTable(
  records: readonly SeriesTrace[],
  { from, to }: TimeRange,
  count: number,
): RecordTableContent {
  const found: FoundRecord[] = records.flatMap((trace) =>
    newestSamples(trace, from, to, count).map(({ time, value }) => ({ trace, time, seq: value })),
  );
  const columns = new Map<string, string>();
  const rows = found
    .sort((one, other) => other.time - one.time)
    .slice(0, count)
    .map((record) => rowOf(record, columns));
  const names = [...columns.keys()];
  return {
    columns: [...columns.values()],
    rows: rows.map(({ cells, ...row }) => ({ ...row, cells: cells && names.map((name) => cells.get(name)) })),
  };
}

type FoundRow = Omit<RecordRow, "cells"> & { readonly cells: ReadonlyMap<string, string> | undefined };

/** The row of a record; new columns are added to `columns`, with their titles. */
function rowOf({ trace, time, seq }: FoundRecord, columns: Map<string, string>): FoundRow {
  const { topic } = trace.series;
  const text = trace.subscription.textOf(seq);
  if (text === undefined) return { t: time, seq, topic, cells: undefined };
  const cells = new Map<string, string>();
  addCells(cells, text, "", DEPTH_MAX);
  for (const name of cells.keys())
    if (!columns.has(name) && columns.size < COLUMNS_MAX) columns.set(name, titleOf(trace, name));
  return { t: time, seq, topic, cells };
}

function addCells(cells: Map<string, string>, text: string, prefix: string, depth: number): void {
  if (prefix === "" && !text.startsWith("{")) cells.set(WHOLE, cellText(text));
  forEachMember(text, (key, value) => {
    const name = prefix + escapeKey(key);
    if (value.startsWith("{") && value !== "{}" && depth > 1) addCells(cells, value, `${name}.`, depth - 1);
    // A key that is empty must not be taken for the whole record.
    else cells.set(name === WHOLE ? "\\" : name, cellText(value));
  });
}

/** A text without its quotation marks; everything else as it is spelled. */
function cellText(value: string): string {
  const text = value.startsWith('"') && value.length < CELL_MAX * 8 ? (JSON.parse(value) as string) : value;
  return text.length > CELL_MAX ? `${text.slice(0, CELL_MAX)}…` : text;
}

function titleOf({ subscription }: SeriesTrace, name: string): string {
  const isWhole = name === WHOLE;
  const { fields } = subscription.buffer;
  const field = fields.find((one) => (one.name === undefined ? isWhole : one.name === name && !isWhole));
  const label = field?.label ?? (isWhole ? strings.unnamed : pathOf(name).join("."));
  return field?.unit === undefined ? label : `${label}, ${field.unit}`;
}
