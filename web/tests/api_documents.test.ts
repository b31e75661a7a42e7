/**
 * The API documents: they are well-formed, and their examples match their schemas. The browser tests check them against
 * a hub.
 */

import specs from "@asyncapi/specs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv, type AnySchema } from "ajv";
import { expect, test } from "vitest";
import { type HistoryResponse, readHistory } from "../src/history_cache/history_response";
import { HttpContract, StreamContract } from "./contract";

const streams = new StreamContract();
const http = new HttpContract();

test("asyncapi.yaml is an AsyncAPI document", () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const validate = ajv.compile(specs.schemasWithoutId["3.0.0"] as AnySchema);
  validate(streams.document);
  expect(validate.errors).toBeNull();
});

test("openapi.yaml is an OpenAPI document", async () => {
  const { valid, errors } = await new Validator().validate({ ...http.document });
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
});

test.each([
  ["asyncapi.yaml", streams],
  ["openapi.yaml", http],
] as const)("every reference in %s leads somewhere", (_, contract) => {
  for (const $ref of references(contract.document)) contract.resolve({ $ref });
});

test("every message has an example that matches its schema", () => {
  for (const [name, { payload: schema, examples }] of Object.entries(streams.document.components.messages)) {
    expect(examples.length, name).toBeGreaterThan(0);
    for (const { payload } of examples) streams.checkValue(`an example of ${name}`, schema, payload);
  }
});

test("operations refer to messages of their own channel, and every message is sent by one", () => {
  const said = Object.values(streams.document.operations).flatMap(({ channel, messages }) =>
    messages.map(({ $ref }) => {
      expect($ref).toContain(`${channel.$ref}/messages/`);
      return $ref;
    }),
  );
  expect(new Set(said).size).toBe(streams.described.length);
});

test("examples of responses match their schemas", () => {
  const responses = Object.values(http.document.paths).flatMap(({ get }) => Object.values(get.responses));
  const bodies = responses.flatMap((response) => Object.values(http.resolve(response).content ?? {}));
  const examples = bodies.filter(({ example }) => example !== undefined);
  expect(examples.length).toBeGreaterThanOrEqual(7);
  for (const { schema, example } of examples) http.checkValue("an example", schema, example);
});

test("the example of a history response is read as it is", async () => {
  const { responses = {} } = http.document.paths["/api/v1/topics/{topic}/history"]?.get ?? {};
  const example = responses["200"]?.content?.["application/json"]?.example as HistoryResponse;
  const answer = await readHistory(Response.json(example));
  expect(answer).toEqual({ epoch: example.epoch, items: example.items, total: 2, isFinal: false });
});

test("undescribed messages and fields are rejected", () => {
  streams.check("/ws", "viewers", { type: "viewers", n: 1 });
  expect(() => streams.check("/ws", "viewers", { type: "viewers", n: 1, m: 1 })).toThrow(/unevaluated/);
  expect(() => streams.check("/sse", "pong", { type: "pong", id: 1, r: 1, s: 1 })).toThrow(/not described/);
});

function references(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === "$ref" && typeof value === "string" ? [value] : references(value),
  );
}
