/**
 * Files for whoever looks at the page: the records of a range as CSV, a picture as PNG. It fetches from the history API and
 * hands over to the browser; what a file is called and how pages become one are decided in its folder.
 */

import { type Collected, collect } from "./saving/csv";
import { fileName } from "./saving/name";
import { patient } from "./saving/patience";

export type { Problem } from "./saving/csv";

const REVOKE_AFTER_MS = 60_000;

export interface CsvRange {
  /** The hub's origin. */
  readonly url: string;
  readonly topic: string;
  /** Hub time in milliseconds, both ends included. */
  readonly from: number;
  readonly to: number;
}

/** Saves what the hub has of this range; tells how many records were saved, and what was wrong. */
export async function saveCsv({ url, topic, from, to }: CsvRange): Promise<Omit<Collected, "chunks">> {
  const get = patient((address) => fetch(address), wait);
  const path = `${url}/api/v1/topics/${encodeURIComponent(topic)}/history`;
  const { chunks, ...outcome } = await collect(get, path, { from, to });
  if (outcome.rows > 0) save(new Blob([...chunks], { type: "text/csv" }), fileName(topic, from, "csv"));
  return outcome;
}

/** `at`: the instant the picture shows. */
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
  // The download has begun when `click` returns, but some browsers read the address a little later.
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_AFTER_MS);
}
