/**
 * The pages of a range of the history as one table. Twin: `src/routes/history/table.rs`. All pages have the same columns, so all
 * but the first lose their header; pages of two epochs do not belong together. Knows no files.
 */

/** Some 30 MB, which a browser holds and a spreadsheet opens. */
export const ROWS_MAX = 1_000_000;
/** In one answer; the hub may give fewer. */
const PAGE_ROWS = 50_000;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;

export type Problem =
  /** There is more; what was collected is complete up to its end. */
  | "too-long"
  /** The timeline has begun anew meanwhile. */
  | "other-epoch"
  | "failed";

export interface Collected {
  readonly chunks: readonly string[];
  /** Records. With `other-epoch` and `failed` none: half a table looks like a whole one. */
  readonly rows: number;
  readonly problem: Problem | undefined;
}

export type PageFetch = (url: string) => Promise<Response>;

interface Page {
  readonly epoch: string | null;
  readonly next: string | null;
  readonly header: string;
  readonly body: string;
  readonly rows: number;
}

export async function collect(
  get: PageFetch,
  path: string,
  range: { readonly from: number; readonly to: number },
): Promise<Collected> {
  const chunks: string[] = [];
  let rows = 0;
  let begin = `from_t=${micros(range.from)}`;
  let epoch: string | null | undefined;
  for (;;) {
    const limit = Math.min(PAGE_ROWS, ROWS_MAX - rows);
    const page = await fetchPage(get, `${path}?${begin}&to_t=${micros(range.to)}&limit=${limit}&format=csv`);
    if (page === undefined) return nothing("failed");
    epoch ??= page.epoch;
    if (page.epoch !== epoch) return nothing("other-epoch");
    chunks.push(chunks.length === 0 ? page.header + page.body : page.body);
    rows += page.rows;
    if (page.next === null) return { chunks, rows, problem: undefined };
    // Without progress, asking goes on for ever.
    if (page.rows === 0) return nothing("failed");
    if (rows >= ROWS_MAX) return { chunks, rows, problem: "too-long" };
    begin = `from=${page.next}`;
  }
}

async function fetchPage(get: PageFetch, url: string): Promise<Page | undefined> {
  try {
    const response = await get(url);
    if (!response.ok) return undefined;
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
  } catch {
    return undefined;
  }
}

/** Where the header ends, and how many rows follow. Within quotes, the end of a line is text. */
function measure(text: string): { headerEnd: number; rows: number } {
  let [headerEnd, ends, isQuoted] = [text.length, 0, false];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    // A quote in a text is two, so it is within quotes again after them.
    if (code === QUOTE) isQuoted = !isQuoted;
    if (code !== LINE_FEED || isQuoted) continue;
    if (ends === 0) headerEnd = i + 1;
    ends += 1;
  }
  return { headerEnd, rows: Math.max(0, ends - 1) };
}

function nothing(problem: Problem): Collected {
  return { chunks: [], rows: 0, problem };
}

function micros(instant: number): number {
  return Math.round(instant * 1000);
}
