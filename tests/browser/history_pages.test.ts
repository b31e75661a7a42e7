/** The history of a real hub, read with the code of the page: what one writes, the other understands. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { Api } from "../../web/src/client/api";
import { defaultRuntime } from "../../web/src/client/runtime";
import { readHistory } from "../../web/src/history_cache/history_response";
import { collectCsv } from "../../web/src/saving/csv";
import { Hub } from "./hub";

/** Values that CSV has to quote, and a record without the field of the others. */
const RECORDS = [
  { note: 'a "quoted" word' },
  { note: "two\r\nlines" },
  { note: "a, comma" },
  { note: "" },
  { other: '"' },
  { note: '"\n"' },
  { note: "=1+1" },
];
const BEGIN = "2024-01-01T00:00:00.000Z";
/** Two passes over the dataset, 10 ms apart. */
const COUNT = 14;
const RANGE = { from: Date.parse(BEGIN), to: Date.parse(BEGIN) + (COUNT - 1) * 10 };

/** With three records to a page, and with all of them on one. */
let [paged, whole]: [Hub?, Hub?] = [];

beforeAll(async () => {
  [paged, whole] = await Promise.all([3, COUNT].map(start));
});

afterAll(async () => {
  await paged?.remove();
  await whole?.remove();
});

function start(historyMax: number): Promise<Hub> {
  return Hub.startFrom({
    "tickcast.toml": `[server]\nhistory_max = ${historyMax}\n[topics.notes]\ndataset = "notes.json"\nrate = 100\nstart = "${BEGIN}"\n`,
    "notes.json": RECORDS,
  });
}

function pathOf(hub: Hub | undefined): string {
  return `${hub?.url}/api/v1/topics/notes/history`;
}

test("the pages of a CSV table are joined into what the hub would send as one", async () => {
  let pages = 0;
  const get: typeof defaultRuntime.get = (url, isFresh) => {
    pages += 1;
    return defaultRuntime.get(url, isFresh);
  };
  const api = new Api(`${paged?.url}`, { get, after: defaultRuntime.after });
  const range = { topic: "notes", ...RANGE };
  const { chunks, rows, problem } = await collectCsv(api, range, async () => {});
  expect({ rows, problem, pages }).toEqual({ rows: COUNT, problem: undefined, pages: 5 });
  expect(chunks.join("")).toBe(await (await fetch(`${pathOf(whole)}?from=1&to=${COUNT}&format=csv`)).text());
});

test("a range of the history is read with all of its records", async () => {
  const { items, total, isFinal } = await readHistory(await fetch(`${pathOf(whole)}?from=1&to=${COUNT}`));
  expect({ total, isFinal }).toEqual({ total: COUNT, isFinal: true });
  expect(items).toEqual(
    Array.from({ length: COUNT }, (_, i) => ({
      seq: i + 1,
      t: (RANGE.from + i * 10) * 1_000,
      data: RECORDS[i % RECORDS.length],
    })),
  );
});
