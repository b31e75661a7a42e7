/** Joining pages into one CSV table, and file names. */

import { expect, test } from "vitest";
import { Api } from "../../src/client/api";
import { fileName } from "../../src/saving";
import { ATTEMPTS_MAX, collectCsv, ROWS_MAX } from "../../src/saving/csv";

const HEADER = "seq,t,value\r\n";

/** A hub that responds with these pages, in this order. */
class Hub {
  readonly asked: string[] = [];
  /** The waits between two attempts. */
  readonly waits: number[] = [];
  readonly #pages: (Response | Error)[];

  constructor(...pages: (Response | Error)[]) {
    this.#pages = pages;
  }

  collect() {
    const get = (url: string) => ({ response: this.#respond(url), cancel: () => {} });
    const api = new Api("http://hub", { get, after: () => () => {} });
    const range = { topic: "ecg", from: 1_000.5, to: 2_000 };
    return collectCsv(api, range, async (ms) => void this.waits.push(ms));
  }

  async #respond(url: string): Promise<Response> {
    this.asked.push(url);
    const page = this.#pages.shift() ?? new Error("unexpected request");
    if (page instanceof Error) throw page;
    return page;
  }
}

function page(rows: string, next?: number, epoch = "abc", header = HEADER): Response {
  const headers = {
    "Tickcast-Epoch": epoch,
    ...(next === undefined ? {} : { "Tickcast-Next": String(next) }),
  };
  return new Response(header + rows, { headers });
}

test("pages become one table with one header", async () => {
  const hub = new Hub(page("1,1,5\r\n2,2,6\r\n", 3), page("3,3,7\r\n"));
  const { chunks, rows, problem } = await hub.collect();
  expect(chunks.join("")).toBe(`${HEADER}1,1,5\r\n2,2,6\r\n3,3,7\r\n`);
  expect([rows, problem]).toEqual([3, undefined]);
  expect(hub.asked).toEqual([
    "http://hub/api/v1/topics/ecg/history?from_t=1000500&to_t=2000000&limit=50000&format=csv",
    "http://hub/api/v1/topics/ecg/history?from=3&to_t=2000000&limit=50000&format=csv",
  ]);
});

test("line breaks within texts and names do not start a record", async () => {
  const header = 'seq,t,"a\n""b"\r\n';
  const hub = new Hub(
    page('1,1,"x\ny"\r\n2,2,"""\n"\r\n', 3, "abc", header),
    page("3,3,z\r\n", undefined, "abc", header),
  );
  const { chunks, rows } = await hub.collect();
  expect(chunks.join("")).toBe(`${header}1,1,"x\ny"\r\n2,2,"""\n"\r\n3,3,z\r\n`);
  expect(rows).toBe(3);
});

test("a range without records is an empty table", async () => {
  expect(await new Hub(page("")).collect()).toEqual({ chunks: [HEADER], rows: 0, problem: undefined });
});

test("pages of two epochs are not joined", async () => {
  const hub = new Hub(page("1,1,5\r\n", 2), page("2,2,6\r\n", undefined, "def"));
  expect(await hub.collect()).toEqual({ chunks: [], rows: 0, problem: "other-epoch" });
});

test.each([
  ["no response", new Error("no network")],
  ["a refusal", new Response("{}", { status: 403 })],
  ["a page without progress", page("", 2)],
])("%s yields nothing rather than an incomplete table", async (_, second) => {
  const hub = new Hub(page("1,1,5\r\n", 2), second);
  expect(await hub.collect()).toEqual({ chunks: [], rows: 0, problem: "failed" });
});

test("an overloaded hub is retried after as long as it asks", async () => {
  const busy = () => new Response("{}", { status: 503, headers: { "retry-after": "2" } });
  const hub = new Hub(page("1,1,5\r\n", 2), busy(), busy(), page("2,2,6\r\n"));
  const { rows, problem } = await hub.collect();
  expect([rows, problem]).toEqual([2, undefined]);
  expect(hub.waits).toHaveLength(2);
  for (const ms of hub.waits) expect(ms).toBeGreaterThanOrEqual(2_000);
});

test("a hub that stays overloaded is given up", async () => {
  const busy = Array.from({ length: ATTEMPTS_MAX }, () => new Response("{}", { status: 503 }));
  const hub = new Hub(...busy, page("1,1,5\r\n"));
  expect((await hub.collect()).problem).toBe("failed");
  expect(hub.asked).toHaveLength(ATTEMPTS_MAX);
});

test("a table that is too long is truncated and reported", async () => {
  const full = "1,1,5\r\n".repeat(300_000);
  const last = page("1,1,5\r\n".repeat(100_000), 1_000_001);
  const hub = new Hub(page(full, 300_001), page(full, 600_001), page(full, 900_001), last);
  const { rows, problem } = await hub.collect();
  expect([rows, problem]).toEqual([ROWS_MAX, "too-long"]);
});

test("file names are safe on every system and sort by time", () => {
  const at = Date.UTC(2026, 10, 23, 8, 6, 28, 713) + 0.4;
  expect(fileName("ecg", at, "csv")).toBe("ecg-2026-11-23T08-06-28.713Z.csv");
  expect(fileName("a/b\\c:d", at, "png")).toBe("a_b_c_d-2026-11-23T08-06-28.713Z.png");
  expect(fileName("../..", at, "csv")).toBe("_..-2026-11-23T08-06-28.713Z.csv");
  for (const topic of ["", "con", "NUL.x", "lpt1", "...", "x".repeat(300), "ü\u0000\n"]) {
    const name = fileName(topic, at, "csv");
    expect(name).toMatch(/^[\w][\w.-]*\.csv$/);
    expect(name.length).toBeLessThan(140);
    expect(name).not.toMatch(/^(con|nul|lpt1)[.-]?\./i);
  }
});
