/**
 * Fetches the pages of a history range and joins them into one CSV table. Twin: `src/routes/history_endpoint/csv_row.rs`.
 * All pages have the same columns, so all but the first lose their header; pages of two epochs are not joined. A hub
 * that is overloaded is asked again. Knows no files.
 */

import { type Api, topicPath } from "../client/api";
import type { HttpResponse } from "../client/runtime";
import type { TimeRange } from "../history_cache/time_range";
import { requestFrom } from "../hub_request";

/** About 30 MB, which browsers can hold and spreadsheets can open. */
export const ROWS_MAX = 1_000_000;
/** Rows per request; the hub may send fewer. */
const PAGE_ROWS = 50_000;
/** Attempts per page. */
export const ATTEMPTS_MAX = 5;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;

export type CsvProblem =
  /** There are more records; what was collected is complete up to its end. */
  | "too-long"
  /** The topic's epoch has changed during the download. */
  | "other-epoch"
  | "failed";

export interface CsvResult {
  readonly chunks: readonly string[];
  /** Number of records; none with `other-epoch` and `failed`, because half a table looks like a whole one. */
  readonly rows: number;
  readonly problem: CsvProblem | undefined;
}

/** A range of a topic's history, both ends inclusive, hub time in milliseconds. */
export interface CsvRange extends TimeRange {
  readonly topic: string;
  /** No more records than this; by default as many as fit into one file. */
  readonly rowsMax?: number;
}

/** Resolves after this many milliseconds. */
export type Wait = (ms: number) => Promise<void>;

interface CsvPage {
  readonly epoch: string | null;
  readonly next: string | null;
  readonly header: string;
  readonly body: string;
  readonly rows: number;
}

export async function collectCsv(api: Api, range: CsvRange, wait: Wait): Promise<CsvResult> {
  const { topic, from, to, rowsMax = ROWS_MAX } = range;
  const path = `${topicPath(topic)}/history`;
  const chunks: string[] = [];
  let rows = 0;
  let start = `from_t=${micros(from)}`;
  let epoch: string | null | undefined;
  for (;;) {
    const limit = Math.min(PAGE_ROWS, rowsMax - rows);
    const query = `${start}&to_t=${micros(to)}&limit=${limit}&format=csv`;
    const page = await fetchPage(api, `${path}?${query}`, wait);
    if (page === undefined) return failure("failed");
    epoch ??= page.epoch;
    if (page.epoch !== epoch) return failure("other-epoch");
    chunks.push(chunks.length === 0 ? page.header + page.body : page.body);
    rows += page.rows;
    if (page.next === null) return { chunks, rows, problem: undefined };
    // Without progress, the loop would not end.
    if (page.rows === 0) return failure("failed");
    if (rows >= rowsMax) return { chunks, rows, problem: "too-long" };
    start = `from=${page.next}`;
  }
}

async function fetchPage(api: Api, path: string, wait: Wait): Promise<CsvPage | undefined> {
  for (let tries = 1; ; tries += 1) {
    const reply = await requestFrom(api, path, readPage).reply;
    if (reply.kind === "answer") return reply.answer;
    if (reply.kind !== "busy" || tries === ATTEMPTS_MAX) return undefined;
    // Jitter, so that pages do not retry at the same instant.
    await wait(reply.waitMs * (1 + Math.random() / 2));
  }
}

async function readPage(response: HttpResponse): Promise<CsvPage> {
  const { headers } = response;
  const text = await response.text();
  const { headerEnd, rows } = measure(text);
  return {
    epoch: headers.get("tickcast-epoch"),
    next: headers.get("tickcast-next"),
    header: text.slice(0, headerEnd),
    body: text.slice(headerEnd),
    rows,
  };
}

/** Finds the end of the header and counts the rows after it. Within quotes a line feed is text. */
function measure(text: string): { headerEnd: number; rows: number } {
  let [headerEnd, ends, isQuoted] = [text.length, 0, false];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    // An escaped quote is two quotes, which leaves the state unchanged.
    if (code === QUOTE) isQuoted = !isQuoted;
    if (code !== LINE_FEED || isQuoted) continue;
    if (ends === 0) headerEnd = i + 1;
    ends += 1;
  }
  return { headerEnd, rows: Math.max(0, ends - 1) };
}

function failure(problem: CsvProblem): CsvResult {
  return { chunks: [], rows: 0, problem };
}

function micros(instant: number): number {
  return Math.round(instant * 1000);
}
