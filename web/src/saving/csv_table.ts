/**
 * Makes one CSV file of the tables of one or several topics, for spreadsheets and for scripts: with a byte order mark, by
 * which spreadsheets know that the text is UTF-8, and with the time of each record in ISO 8601 in front. Several topics
 * are merged by time; each keeps its own columns. Knows no files and no network.
 */

import type { Wait } from "./csv";

/** The table of a topic as the hub sends it: `seq`, `t` and one column per field. */
export interface TopicTable {
  readonly topic: string;
  /** In order; the header is at the beginning of the first. A row is never split between two. */
  readonly chunks: readonly string[];
}

const BYTE_ORDER_MARK = "\uFEFF";
const ROW_END = "\r\n";
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
/** Rows after which other work gets its turn. */
const ROWS_PER_TURN = 10_000;
/** The columns that the hub puts in front. */
const HUB_COLUMNS = 2;
const TIME = "time";

interface CsvRecord {
  /** Microseconds. */
  readonly t: number;
  /** `seq` and `t`. */
  readonly position: string;
  /** The cells of the fields, each after a comma. */
  readonly fields: string;
}

/** A topic's rows, and the columns that stand in front of and behind its own. */
interface MergeSource {
  readonly records: Iterator<CsvRecord, void>;
  readonly prefix: string;
  readonly before: string;
  readonly after: string;
  next: CsvRecord | undefined;
}

/** The parts of the file. */
export async function csvFile(tables: readonly TopicTable[], wait: Wait): Promise<readonly string[]> {
  const isMerged = tables.length > 1;
  const headers = tables.map((table) => fieldsOf(table, isMerged));
  const names = [TIME, ...(isMerged ? ["topic"] : []), "seq", "t", ...headers.flat()];
  const parts = [BYTE_ORDER_MARK + names.map(cellText).join(",") + ROW_END];
  const sources = tables.map((table, i) => sourceOf(table, headers, i));
  for (let rows: string[] = []; ; ) {
    const source = earliest(sources);
    if (source?.next !== undefined) rows.push(rowOf(source, source.next));
    if (source === undefined || rows.length === ROWS_PER_TURN) {
      parts.push(rows.join(""));
      rows = [];
      await wait(0);
    }
    if (source === undefined) return parts;
    source.next = source.records.next().value ?? undefined;
  }
}

/** A time of microseconds in ISO 8601. */
export function isoTime(micros: number): string {
  const ms = Math.floor(micros / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(micros - 1000 * ms).padStart(3, "0")}Z`;
}

/** The names of a topic's fields; in a merged file they are preceded by the topic. */
function fieldsOf({ topic, chunks }: TopicTable, isMerged: boolean): readonly string[] {
  const [header = ""] = rowsOf(chunks.slice(0, 1));
  const names = cellsOf(header).slice(HUB_COLUMNS);
  if (isMerged) return names.map((name) => `${topic}/${name}`);
  // As the hub does with fields called `seq` and `t`.
  return names.map((name) => (name === TIME ? `data.${name}` : name));
}

function sourceOf(
  { topic, chunks }: TopicTable,
  headers: readonly (readonly string[])[],
  i: number,
): MergeSource {
  const commas = (columns: readonly (readonly string[])[]) => ",".repeat(columns.flat().length);
  const records = recordsOf(chunks);
  return {
    records,
    prefix: headers.length > 1 ? `${cellText(topic)},` : "",
    before: commas(headers.slice(0, i)),
    after: commas(headers.slice(i + 1)),
    next: records.next().value ?? undefined,
  };
}

function rowOf({ prefix, before, after }: MergeSource, { t, position, fields }: CsvRecord): string {
  return `${isoTime(t)},${prefix}${position}${before}${fields}${after}${ROW_END}`;
}

/** The source with the earliest record; of equal ones, the first. */
function earliest(sources: readonly MergeSource[]): MergeSource | undefined {
  let found: MergeSource | undefined;
  for (const source of sources)
    if (source.next !== undefined && !((found?.next?.t ?? Infinity) <= source.next.t)) found = source;
  return found;
}

function* recordsOf(chunks: readonly string[]): Generator<CsvRecord, void> {
  let isHeader = true;
  for (const row of rowsOf(chunks)) {
    if (!isHeader) yield recordOf(row);
    isHeader = false;
  }
}

/** The hub's own cells are numbers, which are never quoted. */
function recordOf(row: string): CsvRecord {
  const first = row.indexOf(",");
  const second = row.indexOf(",", first + 1);
  const end = second < 0 ? row.length : second;
  return { t: Number(row.slice(first + 1, end)), position: row.slice(0, end), fields: row.slice(end) };
}

/** The rows, without their ends. Within quotes a line feed is text. */
function* rowsOf(chunks: readonly string[]): Generator<string, void> {
  for (const chunk of chunks) {
    let [start, isQuoted] = [0, false];
    for (let i = 0; i < chunk.length; i += 1) {
      const code = chunk.charCodeAt(i);
      if (code === QUOTE) isQuoted = !isQuoted;
      if (code !== LINE_FEED || isQuoted) continue;
      yield chunk.slice(start, chunk.charAt(i - 1) === "\r" ? i - 1 : i);
      start = i + 1;
    }
    if (start < chunk.length) yield chunk.slice(start);
  }
}

function cellsOf(row: string): string[] {
  return [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain = ""]) => quoted?.replaceAll('""', '"') ?? plain,
  );
}

/** Quoted if necessary (RFC 4180). */
function cellText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
