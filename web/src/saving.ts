/**
 * Downloads: the records of a range as CSV, and the chart as PNG. Hands the file to the browser, under a name that is
 * safe on every system and sorts by time.
 */

import type { Api } from "./client/api";
import type { TimeRange } from "./history_cache/time_range";
import { type CsvResult, collectCsv, ROWS_MAX } from "./saving/csv";
import { csvFile, type TopicTable } from "./saving/csv_table";

export type { CsvProblem } from "./saving/csv";

const REVOKE_AFTER_MS = 60_000;
/** Reserved device names on Windows, whatever follows the first dot. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
/** Leaves room for instant and extension on every file system. */
const TOPIC_LEN_MAX = 100;

/**
 * Saves the hub's records of these topics in this range as one file; returns how many were saved, and what went wrong.
 * If one topic fails, nothing is saved.
 */
export async function saveCsv(
  api: Api,
  topics: readonly string[],
  range: TimeRange,
): Promise<Omit<CsvResult, "chunks">> {
  const tables: TopicTable[] = [];
  let [rows, problem]: [number, CsvResult["problem"]] = [0, undefined];
  for (const topic of topics) {
    const rowsMax = Math.floor(ROWS_MAX / topics.length);
    const { chunks, ...outcome } = await collectCsv(api, { ...range, topic, rowsMax }, wait);
    if (outcome.problem !== undefined && outcome.problem !== "too-long") return outcome;
    tables.push({ topic, chunks });
    rows += outcome.rows;
    problem ??= outcome.problem;
  }
  if (rows > 0) {
    const parts = await csvFile(tables, wait);
    save(
      new Blob([...parts], { type: "text/csv;charset=utf-8" }),
      fileName(topics.join("+"), range.from, "csv"),
    );
  }
  return { rows, problem };
}

/** Saves a picture; `at` is the instant it shows. */
export function savePng(picture: Blob, topic: string, at: number): void {
  save(picture, fileName(topic, at, "png"));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has started when `click` returns, but some browsers read the URL slightly later.
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_AFTER_MS);
}

/** `ecg-2026-11-23T08-06-28.713Z.csv`: colons are forbidden in names on some systems. */
export function fileName(topic: string, instant: number, ending: "csv" | "png"): string {
  const iso = new Date(Math.floor(instant)).toISOString().replaceAll(":", "-");
  return `${safe(topic)}-${iso}.${ending}`;
}

function safe(topic: string): string {
  const plain = topic
    .replace(/[^\w.-]+/g, "_")
    .replace(/^[.-]+/, "")
    .slice(0, TOPIC_LEN_MAX);
  // `con.ecg-…` is a device too: only the part before the first dot counts.
  const isDevice = DEVICES.test(plain.split(".")[0] as string);
  return plain === "" || isDevice ? `topic-${plain}` : plain;
}
