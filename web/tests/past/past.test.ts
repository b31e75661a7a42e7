/** What is shown of the past, what is asked for it and when, with a hub that answers as the test says. */

import { expect, test } from "vitest";
import type { Part } from "../../src/scene";
import { BEGIN, EPOCH, json, OTHER, Stage, VALUE } from "./hub";

/** A view of ten seconds, `after` milliseconds after the beginning. */
function look(stage: Stage, after: number, windowMs = 10_000, field = VALUE): Part | undefined {
  return stage.past.trace(BEGIN + after, BEGIN + after + windowMs, 1_000, field);
}

/** Asks for a view and gets it. */
async function fetchView(stage: Stage, after: number, windowMs?: number, field = VALUE): Promise<void> {
  look(stage, after, windowMs, field);
  stage.pass(250);
  await stage.answer();
}

function rangeOf(part: Part | undefined): [first: number | undefined, last: number | undefined] {
  return [part?.samples.times[0], part?.samples.times.at(-1)];
}

test("a steady view asks once, for more than it shows, and then draws every frame from the answer", async () => {
  const stage = new Stage();
  expect(look(stage, 60_000)).toBeUndefined();
  for (let frame = 0; frame < 100; frame += 1) {
    look(stage, 60_000);
    stage.pass(16);
  }
  expect(stage.requests).toHaveLength(1);
  expect(stage.past.status).toBe("loading");
  await stage.answer();
  expect(stage.changes.map(({ kind }) => kind)).toEqual(["status", "piece", "status"]);
  expect(stage.past.status).toBe("idle");
  for (let frame = 0; frame < 100; frame += 1) {
    const part = look(stage, 60_000);
    stage.pass(1_000);
    expect(part).toBe(look(stage, 60_000));
    const [first, last] = rangeOf(part);
    expect(first).toBeLessThanOrEqual(BEGIN + 55_000);
    expect(last).toBeGreaterThanOrEqual(BEGIN + 75_000);
    expect(part?.samples.columns[part.column]?.[0]).toBe(part?.samples.seqs[0]);
  }
  expect(stage.requests).toEqual([]);
});

test("a moving view asks no oftener than four times a second, two at a time, always for the newest wish", () => {
  const stage = new Stage();
  const asked = new Set<string>();
  for (let frame = 0; frame < 500; frame += 1) {
    // Some hundred windows a second.
    look(stage, frame * 20_000);
    stage.pass(10);
    for (const { query } of stage.requests) asked.add(query.toString());
    expect(stage.open.length).toBeLessThanOrEqual(2);
  }
  expect(asked.size).toBeGreaterThan(15);
  expect(asked.size).toBeLessThanOrEqual(21);
  const newest = Number(stage.open.at(-1)?.query.get("from_t")) / 1000;
  expect(newest).toBeGreaterThan(BEGIN + 470 * 20_000);
});

test("what would show nothing of the view any more is called off; what shows a part is waited for", () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  const [first] = stage.requests;
  look(stage, 68_000);
  stage.pass(250);
  expect(first?.signal.aborted).toBe(false);
  look(stage, 600_000);
  stage.pass(250);
  expect(first?.signal.aborted).toBe(true);
});

test("an older answer that comes after a newer one changes nothing that is seen", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  look(stage, 70_000);
  stage.pass(250);
  const [older, newer] = stage.open;
  await stage.answer(newer);
  const seen = look(stage, 70_000);
  await stage.answer(older);
  expect(look(stage, 70_000)).toBe(seen);
  expect(stage.requests).toEqual([]);
});

test("playing on behind live asks again before it runs out, and a few times only", async () => {
  const stage = new Stage();
  await fetchView(stage, 60_000);
  let asked = 0;
  for (let at = 60_000; at < 120_000; at += 100) {
    const [first, last] = rangeOf(look(stage, at));
    expect(first).toBeLessThanOrEqual(BEGIN + at);
    expect(last).toBeGreaterThanOrEqual(BEGIN + at + 10_000);
    stage.pass(100);
    if (stage.open.length > 0) {
      asked += 1;
      await stage.answer();
    }
  }
  expect(asked).toBeLessThanOrEqual(20);
});

test("one answer with every record is good for all fields", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  look(stage, 60_000, 10_000, OTHER);
  stage.pass(250);
  expect(stage.requests).toHaveLength(1);
  await stage.answer();
  const [value, other] = [look(stage, 60_000), look(stage, 60_000, 10_000, OTHER)];
  expect(value?.samples).toBe(other?.samples);
  expect(other?.samples.columns[other.column]?.[0]).toBe(-(value?.samples.seqs[0] as number));
  stage.pass(1_000);
  expect(stage.requests).toEqual([]);
});

test("what is thinned is asked for field by field", async () => {
  const stage = new Stage();
  await fetchView(stage, 60_000, 3_600_000);
  const day = 86_400_000;
  look(stage, 60_000, day);
  look(stage, 60_000, day, OTHER);
  stage.pass(250);
  expect(stage.open.map(({ query }) => query.get("field"))).toEqual(["value", "other"]);
  await stage.answer();
  expect(look(stage, 60_000, day)).toBeDefined();
  await stage.answer();
  const { samples, column } = look(stage, 60_000, day, OTHER) as Part;
  expect(samples.columns[column]?.[5]).toBe(-(samples.seqs[5] as number));
  expect(samples.columns).toHaveLength(1);
  stage.pass(1_000);
  expect(stage.requests).toEqual([]);
});

test("what is there of a view is shown until something better has come", async () => {
  const stage = new Stage();
  await fetchView(stage, 0, 86_400_000);
  const coarse = look(stage, 40_000_000, 10_000);
  expect(coarse).toBeDefined();
  stage.pass(250);
  await stage.answer();
  const fine = look(stage, 40_000_000, 10_000);
  expect(fine).not.toBe(coarse);
  // A part of it in every detail is less than all of it.
  expect(look(stage, 39_900_000, 3_600_000)).toBe(coarse);
});

test("a busy hub is left alone for as long as it says", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  await stage.reply(new Response("{}", { status: 503, headers: { "Retry-After": "7" } }));
  expect(stage.past.status).toBe("failed");
  stage.pass(6_900);
  look(stage, 60_000);
  expect(stage.requests).toEqual([]);
  stage.pass(200);
  await stage.answer();
  expect(stage.past.status).toBe("idle");
  expect(look(stage, 60_000)).toBeDefined();
});

test("what got no answer is asked again, later each time, while it is wanted", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  for (let i = 0; i < 3; i += 1) {
    await stage.reply(new Response("", { status: 502 }));
    expect(stage.requests).toEqual([]);
    stage.pass(500);
  }
  expect(stage.requests).toHaveLength(1);
  await stage.reply(new Response("<html>"));
  expect(stage.past.status).toBe("failed");
  stage.past.rest();
  expect(stage.past.status).toBe("idle");
  stage.pass(60_000);
  expect(stage.requests).toEqual([]);
});

test("an answer that does not come is given up", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  const [first] = stage.requests;
  stage.pass(30_000);
  expect(first?.signal.aborted).toBe(true);
  await stage.settle();
  stage.pass(500);
  expect(stage.open).toHaveLength(1);
});

test("a field that the hub has no numbers of is not asked for again", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  await stage.reply(new Response("{}", { status: 400 }));
  look(stage, 600_000);
  stage.pass(60_000);
  expect(stage.requests).toEqual([]);
  look(stage, 600_000, 10_000, OTHER);
  stage.pass(250);
  expect(stage.requests).toHaveLength(1);
});

test("where the hub says no, that is told, and nothing is asked before the next hello", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  await stage.reply(new Response("{}", { status: 404 }));
  expect(stage.changes.at(-1)).toEqual({ kind: "refused", status: 404 });
  expect(stage.past.status).toBe("failed");
  look(stage, 60_000);
  stage.pass(60_000);
  expect(stage.requests).toEqual([]);
  stage.past.expect(EPOCH);
  stage.pass(250);
  expect(stage.requests).toHaveLength(1);
});

test("an answer of another epoch is told and not shown", async () => {
  const stage = new Stage();
  await fetchView(stage, 60_000);
  stage.epoch = "def";
  await fetchView(stage, 600_000);
  expect(stage.changes).toContainEqual({ kind: "epoch", epoch: "def" });
  expect(look(stage, 600_000)).toBeUndefined();
  stage.pass(60_000);
  expect(stage.requests).toEqual([]);
  stage.past.expect("def");
  expect(look(stage, 60_000)).toBeUndefined();
  stage.pass(250);
  await stage.answer();
  expect(look(stage, 60_000)).toBeDefined();
});

test("what was asked in another epoch is called off with it", async () => {
  const stage = new Stage();
  look(stage, 60_000);
  stage.pass(250);
  const [old] = stage.requests;
  stage.past.expect("def");
  stage.epoch = "def";
  expect(old?.signal.aborted).toBe(true);
  stage.pass(250);
  await stage.answer(old);
  expect(look(stage, 60_000)).toBeUndefined();
  await stage.answer();
  expect(look(stage, 60_000)).toBeDefined();
  expect(stage.changes.filter(({ kind }) => kind === "epoch")).toEqual([]);
});

test("a view beyond the newest record shows what there is, and asks again now and then", async () => {
  const stage = new Stage();
  stage.newest = 1_000;
  await fetchView(stage, 5_000);
  const part = look(stage, 5_000);
  expect(part?.samples.seqs.at(-1)).toBe(1_000);
  for (let i = 0; i < 60; i += 1) {
    look(stage, 5_000);
    stage.pass(10);
  }
  expect(stage.requests).toEqual([]);
  stage.newest = 1_200;
  stage.pass(5_000);
  look(stage, 5_000);
  stage.pass(250);
  await stage.answer();
  expect(look(stage, 5_000)?.samples.seqs.at(-1)).toBe(1_200);
});

test("before the beginning there is nothing, and one answer says so", async () => {
  const stage = new Stage();
  await fetchView(stage, -500_000);
  const part = look(stage, -500_000);
  expect(part?.samples.end).toBe(0);
  stage.pass(60_000);
  expect(stage.requests).toEqual([]);
});

test("the instant of a position, or why there is none", async () => {
  const stage = new Stage();
  stage.newest = 100;
  const ask = async (epoch: string, seq: number, response?: Response) => {
    const instant = stage.past.instantOf(epoch, seq);
    await (response === undefined ? stage.answer() : stage.reply(response));
    return instant;
  };
  expect(await ask(EPOCH, 50)).toEqual({ t: stage.instant(50) });
  expect(await ask(EPOCH, 0)).toEqual({ t: BEGIN });
  expect(await ask(EPOCH, 101)).toBe("not-due");
  expect(await ask("def", 50)).toBe("other-epoch");
  expect(await ask(EPOCH, 50, new Response("", { status: 503 }))).toBe("unreachable");
  expect(await ask(EPOCH, 50, json({ epoch: EPOCH, items: [{ seq: "1" }] }))).toBe("unreachable");
});

test("the beginning is the instant of the first record, if there is one, or why it is not known", async () => {
  const stage = new Stage();
  const ask = async (response?: Response) => {
    const beginning = stage.past.beginning();
    await (response === undefined ? stage.answer() : stage.reply(response));
    return beginning;
  };
  expect(await ask()).toBe(BEGIN);
  expect(await ask(new Response("", { status: 503 }))).toBe("unreachable");
  expect(await ask(new Response("", { status: 403 }))).toBeUndefined();
  stage.newest = 0;
  expect(await ask()).toBeUndefined();
});
