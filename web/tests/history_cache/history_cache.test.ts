/** The history cache: what it returns, what it requests and when, with a hub controlled by the test. */

import { expect, test } from "vitest";
import type { TracePart } from "../../src/scene";
import { BEGIN, EPOCH, HistoryHarness, json, OTHER, VALUE } from "./harness";

/** Looks up a view that starts `after` milliseconds after the beginning. */
function look(
  harness: HistoryHarness,
  after: number,
  windowMs = 10_000,
  field = VALUE,
): TracePart | undefined {
  return harness.cache.lookup(BEGIN + after, BEGIN + after + windowMs, 1_000, field);
}

/** Looks up a view and answers its request. */
async function fetchView(
  harness: HistoryHarness,
  after: number,
  windowMs?: number,
  field = VALUE,
): Promise<void> {
  look(harness, after, windowMs, field);
  harness.pass(250);
  await harness.answer();
}

function rangeOf(part: TracePart | undefined): [first: number | undefined, last: number | undefined] {
  return [part?.samples.times[0], part?.samples.times.at(-1)];
}

test("a steady view makes one request, wider than the view, and draws every frame from it", async () => {
  const harness = new HistoryHarness();
  expect(look(harness, 60_000)).toBeUndefined();
  for (let frame = 0; frame < 100; frame += 1) {
    look(harness, 60_000);
    harness.pass(16);
  }
  expect(harness.requests).toHaveLength(1);
  expect(harness.cache.status).toBe("loading");
  await harness.answer();
  expect(harness.changes.map(({ kind }) => kind)).toEqual(["status", "tile", "status"]);
  expect(harness.cache.status).toBe("idle");
  for (let frame = 0; frame < 100; frame += 1) {
    const part = look(harness, 60_000);
    harness.pass(1_000);
    expect(part).toBe(look(harness, 60_000));
    const [first, last] = rangeOf(part);
    expect(first).toBeLessThanOrEqual(BEGIN + 55_000);
    expect(last).toBeGreaterThanOrEqual(BEGIN + 75_000);
    expect(part?.samples.columns[part.column]?.[0]).toBe(part?.samples.seqs[0]);
  }
  expect(harness.requests).toEqual([]);
});

test("a moving view makes at most four requests per second, two at a time, for the newest range", () => {
  const harness = new HistoryHarness();
  const requested = new Set<string>();
  for (let frame = 0; frame < 500; frame += 1) {
    // 200 windows per second.
    look(harness, frame * 20_000);
    harness.pass(10);
    for (const { query } of harness.requests) requested.add(query.toString());
    expect(harness.open.length).toBeLessThanOrEqual(2);
  }
  expect(requested.size).toBeGreaterThan(15);
  expect(requested.size).toBeLessThanOrEqual(21);
  const newest = Number(harness.open.at(-1)?.query.get("from_t")) / 1000;
  expect(newest).toBeGreaterThan(BEGIN + 470 * 20_000);
});

test("a request that no longer overlaps the view is cancelled, one that does is kept", () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  const [first] = harness.requests;
  look(harness, 68_000);
  harness.pass(250);
  expect(first?.signal.aborted).toBe(false);
  look(harness, 600_000);
  harness.pass(250);
  expect(first?.signal.aborted).toBe(true);
});

test("an older response that arrives after a newer one does not change the view", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  look(harness, 70_000);
  harness.pass(250);
  const [older, newer] = harness.open;
  await harness.answer(newer);
  const seen = look(harness, 70_000);
  await harness.answer(older);
  expect(look(harness, 70_000)).toBe(seen);
  expect(harness.requests).toEqual([]);
});

test("playing behind live requests more before it runs out, and only a few times", async () => {
  const harness = new HistoryHarness();
  await fetchView(harness, 60_000);
  let requested = 0;
  for (let at = 60_000; at < 120_000; at += 100) {
    const [first, last] = rangeOf(look(harness, at));
    expect(first).toBeLessThanOrEqual(BEGIN + at);
    expect(last).toBeGreaterThanOrEqual(BEGIN + at + 10_000);
    harness.pass(100);
    if (harness.open.length > 0) {
      requested += 1;
      await harness.answer();
    }
  }
  expect(requested).toBeLessThanOrEqual(20);
});

test("one complete response serves all fields", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  look(harness, 60_000, 10_000, OTHER);
  harness.pass(250);
  expect(harness.requests).toHaveLength(1);
  await harness.answer();
  const [value, other] = [look(harness, 60_000), look(harness, 60_000, 10_000, OTHER)];
  expect(value?.samples).toBe(other?.samples);
  expect(other?.samples.columns[other.column]?.[0]).toBe(-(value?.samples.seqs[0] as number));
  harness.pass(1_000);
  expect(harness.requests).toEqual([]);
});

test("decimated history is requested per field", async () => {
  const harness = new HistoryHarness();
  await fetchView(harness, 60_000, 3_600_000);
  const day = 86_400_000;
  look(harness, 60_000, day);
  look(harness, 60_000, day, OTHER);
  harness.pass(250);
  expect(harness.open.map(({ query }) => query.get("field"))).toEqual(["value", "other"]);
  await harness.answer();
  expect(look(harness, 60_000, day)).toBeDefined();
  await harness.answer();
  const { samples, column } = look(harness, 60_000, day, OTHER) as TracePart;
  expect(samples.columns[column]?.[5]).toBe(-(samples.seqs[5] as number));
  expect(samples.columns).toHaveLength(1);
  harness.pass(1_000);
  expect(harness.requests).toEqual([]);
});

test("a partial or coarse tile is used until a better one arrives", async () => {
  const harness = new HistoryHarness();
  await fetchView(harness, 0, 86_400_000);
  const coarse = look(harness, 40_000_000, 10_000);
  expect(coarse).toBeDefined();
  harness.pass(250);
  await harness.answer();
  const fine = look(harness, 40_000_000, 10_000);
  expect(fine).not.toBe(coarse);
  // Full detail for a part of it is worth less than all of it.
  expect(look(harness, 39_900_000, 3_600_000)).toBe(coarse);
});

test("an overloaded hub is left alone for as long as it asks", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  await harness.reply(new Response("{}", { status: 503, headers: { "Retry-After": "7" } }));
  expect(harness.cache.status).toBe("failed");
  harness.pass(6_900);
  look(harness, 60_000);
  expect(harness.requests).toEqual([]);
  harness.pass(200);
  await harness.answer();
  expect(harness.cache.status).toBe("idle");
  expect(look(harness, 60_000)).toBeDefined();
});

test("a failed request is retried with growing delays while it is wanted", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  for (let i = 0; i < 3; i += 1) {
    await harness.reply(new Response("", { status: 502 }));
    expect(harness.requests).toEqual([]);
    harness.pass(500);
  }
  expect(harness.requests).toHaveLength(1);
  await harness.reply(new Response("<html>"));
  expect(harness.cache.status).toBe("failed");
  harness.cache.release();
  expect(harness.cache.status).toBe("idle");
  harness.pass(60_000);
  expect(harness.requests).toEqual([]);
});

test("a request without a response times out", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  const [first] = harness.requests;
  harness.pass(30_000);
  expect(first?.signal.aborted).toBe(true);
  await harness.settle();
  harness.pass(500);
  expect(harness.open).toHaveLength(1);
});

test("a field without numbers is not requested again", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  await harness.reply(new Response("{}", { status: 400 }));
  look(harness, 600_000);
  harness.pass(60_000);
  expect(harness.requests).toEqual([]);
  look(harness, 600_000, 10_000, OTHER);
  harness.pass(250);
  expect(harness.requests).toHaveLength(1);
});

test("a refusal is reported, and nothing is requested before the next hello", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  await harness.reply(new Response("{}", { status: 404 }));
  expect(harness.changes.at(-1)).toEqual({ kind: "refused", status: 404 });
  expect(harness.cache.status).toBe("failed");
  look(harness, 60_000);
  harness.pass(60_000);
  expect(harness.requests).toEqual([]);
  harness.cache.setEpoch(EPOCH);
  harness.pass(250);
  expect(harness.requests).toHaveLength(1);
});

test("a response of another epoch is reported and not shown", async () => {
  const harness = new HistoryHarness();
  await fetchView(harness, 60_000);
  harness.epoch = "def";
  await fetchView(harness, 600_000);
  expect(harness.changes).toContainEqual({ kind: "epoch", epoch: "def" });
  expect(look(harness, 600_000)).toBeUndefined();
  harness.pass(60_000);
  expect(harness.requests).toEqual([]);
  harness.cache.setEpoch("def");
  expect(look(harness, 60_000)).toBeUndefined();
  harness.pass(250);
  await harness.answer();
  expect(look(harness, 60_000)).toBeDefined();
});

test("requests of a previous epoch are cancelled", async () => {
  const harness = new HistoryHarness();
  look(harness, 60_000);
  harness.pass(250);
  const [old] = harness.requests;
  harness.cache.setEpoch("def");
  harness.epoch = "def";
  expect(old?.signal.aborted).toBe(true);
  harness.pass(250);
  await harness.answer(old);
  expect(look(harness, 60_000)).toBeUndefined();
  await harness.answer();
  expect(look(harness, 60_000)).toBeDefined();
  expect(harness.changes.filter(({ kind }) => kind === "epoch")).toEqual([]);
});

test("a view beyond the newest record shows what is available and refetches periodically", async () => {
  const harness = new HistoryHarness();
  harness.newest = 1_000;
  await fetchView(harness, 5_000);
  const part = look(harness, 5_000);
  expect(part?.samples.seqs.at(-1)).toBe(1_000);
  for (let i = 0; i < 60; i += 1) {
    look(harness, 5_000);
    harness.pass(10);
  }
  expect(harness.requests).toEqual([]);
  harness.newest = 1_200;
  harness.pass(5_000);
  look(harness, 5_000);
  harness.pass(250);
  await harness.answer();
  expect(look(harness, 5_000)?.samples.seqs.at(-1)).toBe(1_200);
});

test("a view before the beginning makes one request", async () => {
  const harness = new HistoryHarness();
  await fetchView(harness, -500_000);
  const part = look(harness, -500_000);
  expect(part?.samples.end).toBe(0);
  harness.pass(60_000);
  expect(harness.requests).toEqual([]);
});

test("a position resolves to its instant, or to the reason why not", async () => {
  const harness = new HistoryHarness();
  harness.newest = 100;
  const resolve = async (epoch: string, seq: number, response?: Response) => {
    const instant = harness.cache.instantOf(epoch, seq);
    await (response === undefined ? harness.answer() : harness.reply(response));
    return instant;
  };
  expect(await resolve(EPOCH, 50)).toEqual({ t: harness.instant(50), isEarlier: false });
  expect(await resolve(EPOCH, 0)).toEqual({ t: BEGIN, isEarlier: true });
  const later = harness.cache.instantOf(EPOCH, 101);
  await harness.answer();
  await harness.answer();
  expect(await later).toBe("not-due");
  expect(await resolve("def", 50)).toBe("other-epoch");
  expect(await resolve(EPOCH, 50, new Response("", { status: 503 }))).toBe("unreachable");
  expect(await resolve(EPOCH, 50, json({ epoch: EPOCH, items: [{ seq: "1" }] }))).toBe("unreachable");
});

test("a position that is no longer kept resolves to the oldest record", async () => {
  const harness = new HistoryHarness();
  const early = harness.cache.instantOf(EPOCH, 50);
  await harness.reply(json({ epoch: EPOCH, from: null, to: null, items: [] }));
  await harness.reply(json({ epoch: EPOCH, from: 80, to: 80, items: [{ seq: 80, t: 8e6, data: 1 }] }));
  expect(await early).toEqual({ t: 8e3, isEarlier: true });
});

test("the oldest instant is that of the first record, or the reason why it is unknown", async () => {
  const harness = new HistoryHarness();
  const resolve = async (response?: Response) => {
    const beginning = harness.cache.oldestInstant();
    await (response === undefined ? harness.answer() : harness.reply(response));
    return beginning;
  };
  expect(await resolve()).toBe(BEGIN);
  expect(await resolve(new Response("", { status: 503 }))).toBe("unreachable");
  expect(await resolve(new Response("", { status: 403 }))).toBeUndefined();
  harness.newest = 0;
  expect(await resolve()).toBeUndefined();
});
