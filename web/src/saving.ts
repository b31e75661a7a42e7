/**
 * Downloads: the records of a range as CSV, and the chart as PNG. Fetches from the history API and hands the file to
 * the browser; `saving/` decides about file names and about how response pages are joined.
 */

import { type CsvResult, collectCsv } from "./saving/csv";
import { fileName } from "./saving/file_name";
import { withRetries } from "./saving/retry";

export type { CsvProblem } from "./saving/csv";

const REVOKE_AFTER_MS = 60_000;

export interface CsvRange {
  /** The hub's URL. */
  readonly url: string;
  readonly topic: string;
  /** Hub time in milliseconds, both ends inclusive. */
  readonly from: number;
  readonly to: number;
}

/** Saves the hub's records of this range; returns how many were saved, and what went wrong. */
export async function saveCsv({ url, topic, from, to }: CsvRange): Promise<Omit<CsvResult, "chunks">> {
  const get = withRetries((address) => fetch(address), wait);
  const path = `${url}/api/v1/topics/${encodeURIComponent(topic)}/history`;
  const { chunks, ...outcome } = await collectCsv(get, path, { from, to });
  if (outcome.rows > 0) save(new Blob([...chunks], { type: "text/csv" }), fileName(topic, from, "csv"));
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
