/**
 * Downloads: the records of a range as CSV, and the chart as PNG. Hands the file to the browser, under a name that is
 * safe on every system and sorts by time.
 */

import type { Api } from "./client/api";
import { type CsvRange, type CsvResult, collectCsv } from "./saving/csv";

export type { CsvProblem } from "./saving/csv";

const REVOKE_AFTER_MS = 60_000;
/** Reserved device names on Windows, whatever follows the first dot. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
/** Leaves room for instant and extension on every file system. */
const TOPIC_LEN_MAX = 100;

/** Saves the hub's records of this range; returns how many were saved, and what went wrong. */
export async function saveCsv(api: Api, range: CsvRange): Promise<Omit<CsvResult, "chunks">> {
  const { chunks, ...outcome } = await collectCsv(api, range, wait);
  if (outcome.rows > 0)
    save(new Blob([...chunks], { type: "text/csv" }), fileName(range.topic, range.from, "csv"));
  return outcome;
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
