/** The decoder: which frames are messages, and which are ignored. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EPOCH, encodePing, type HubMessage, readPosition } from "../src/client/protocol";
import { decode } from "../src/client/protocol/decode";
import { StreamContract } from "./contract";
import { batch, data, hello, segment } from "./messages";

interface Schema {
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly pattern?: string }>>;
}

const every: HubMessage[] = [
  hello(),
  hello({
    timeline: null,
    dataset: { len: 3, loop: true, sha256: "00" },
    retained: { from: 1, to: 9 },
    recovered: true,
  }),
  hello({ fields: { value: {}, other: { label: null, unit: "V" } } }),
  hello({ states: [] }),
  hello({
    states: [
      { t: 5, timeline: segment, delay: 150_000, by: "configuration" },
      { t: 6, timeline: null, delay: 0, by: null },
    ],
  }),
  data(1),
  data(2, null),
  batch(3, 5),
  { type: "batch", seq: 1, t: 5, dt: [0, 3], data: [1, 2] },
  { type: "gap", from: 1, to: 9, reason: "slow" },
  { type: "gap", from: null, to: null, reason: "epoch" },
  { type: "jump", seq: 4, t: 5, index: 0, reason: "loop" },
  { type: "state", t: 5, timeline: { ...segment, playing: false }, delay: 150_000, by: null },
  { type: "end", seq: 4, t: 5 },
  { type: "viewers", n: 2 },
  { type: "pong", id: 1, r: 2, s: 3 },
  { type: "bye", reason: "draining", retry_ms: [0, 1000] },
];

test.each(every)("decodes a $type", (message) => {
  expect(decode(JSON.stringify(message))).toEqual(message);
});

test.each(every)("ignores a $type with a missing field", (message) => {
  for (const field of Object.keys(message)) {
    // The originator of a change is optional, and earlier hubs send no states.
    if (field === "by" || field === "states") continue;
    const { [field as keyof HubMessage]: _, ...rest } = message;
    expect(decode(JSON.stringify(rest)), field).toBeUndefined();
  }
});

test.each([
  ["a type from the future", '{"type":"confetti","seq":1}'],
  ["a type that is a property of every object", '{"type":"toString"}'],
  ["something that is not JSON", "{"],
  ["JSON that is not an object", "[1]"],
  ["a bare record", '{"value":74}'],
  ["a seq that is not an integer", '{"type":"data","seq":1.5,"t":1,"data":1}'],
  ["a seq that a number cannot hold", '{"type":"data","seq":9007199254740993,"t":1,"data":1}'],
  ["a batch with fewer offsets than records", '{"type":"batch","seq":1,"t":1,"dt":[0],"data":[1,2]}'],
  ["a range with one end", '{"type":"bye","reason":"x","retry_ms":[1]}'],
])("ignores %s", (_, text) => {
  expect(decode(text)).toBeUndefined();
});

test.each(["", "E1", "e1:7", "e 1", "e".repeat(33)])("ignores a hello whose epoch is %j", (epoch) => {
  expect(decode(JSON.stringify(hello({ epoch })))).toBeUndefined();
});

/** The browser tests check that a hub sends what this document describes, and nothing else. */
const contract = new StreamContract();
const described = Object.entries(contract.document.components.messages)
  .filter(([name]) => !["record", "ping", "report"].includes(name))
  .map(([name, { payload, examples }]) => ({
    name,
    required: contract.resolve<Schema>(payload).required ?? [],
    examples: examples.map(({ payload }) => payload as Record<string, unknown>),
  }));

test("the messages that are decoded are those of asyncapi.yaml", () => {
  expect(described.map(({ name }) => name).sort()).toEqual(
    [...new Set(every.map(({ type }) => type))].sort(),
  );
});

test.each(described)("the examples of $name in asyncapi.yaml are decoded", ({ examples }) => {
  for (const example of examples) expect(decode(JSON.stringify(example))).toEqual(example);
});

test.each(described)(
  "a $name needs the fields that asyncapi.yaml requires",
  ({ name, required, examples }) => {
    const [example] = examples as [Record<string, unknown>];
    const needed = Object.keys(example).filter((field) => {
      const { [field]: _, ...rest } = example;
      return decode(JSON.stringify(rest)) === undefined;
    });
    // Earlier versions of the hub do not send it; every hub may change a timeline without saying who asked for it.
    const optional = { hello: ["record_max", "states"], state: ["by"] }[name] ?? [];
    expect([...needed, ...optional].sort()).toEqual([...required].sort());
  },
);

test("an epoch has the pattern of asyncapi.yaml", () => {
  const schema = contract.resolve<Schema>({ $ref: "#/components/schemas/hello" });
  expect(schema.properties?.epoch?.pattern).toBe(EPOCH.source);
});

test("a position is accepted or rejected as in the samples, which a hub is tested with, too", () => {
  const samples = JSON.parse(readFileSync(join(import.meta.dirname, "../../tests/positions.json"), "utf8"));
  for (const position of samples.valid) expect(readPosition(position), position).toBeDefined();
  for (const position of samples.invalid) expect(readPosition(position), position).toBeUndefined();
});

test("ignores a hello with a state that is not one", () => {
  const state = { t: 5, timeline: segment, delay: 150_000, by: null };
  for (const field of ["t", "timeline", "delay"] as const) {
    const { [field]: _, ...rest } = state;
    expect(decode(JSON.stringify({ ...hello(), states: [state, rest] })), field).toBeUndefined();
  }
  expect(decode(JSON.stringify({ ...hello(), states: {} }))).toBeUndefined();
});

test("a ping has the form that the protocol defines", () => {
  contract.check("/ws", "ping", JSON.parse(encodePing(12)));
  expect(JSON.parse(encodePing(12))).toEqual({ type: "ping", id: 12 });
});
