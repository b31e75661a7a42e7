/**
 * Checks messages and responses against the API documents, and records which of them have been seen.
 *
 * Readers of the documents must ignore unknown fields. Here none is allowed: everything a hub sends must be described.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parse } from "yaml";

/** A part that may be a reference to elsewhere in the document. */
interface Part {
  readonly $ref?: string;
}

type Named<T> = Readonly<Record<string, T>>;

interface Message extends Part {
  readonly payload: Part;
  readonly examples: readonly { readonly payload: unknown }[];
}

interface Header extends Part {
  readonly required?: boolean;
  readonly schema: Part;
}

interface Response extends Part {
  readonly headers?: Named<Header>;
  readonly content?: Named<{ readonly schema: Part; readonly example?: unknown }>;
}

interface StreamDocument {
  readonly channels: Named<{ readonly address: string; readonly messages: Named<Message> }>;
  readonly operations: Named<{ readonly channel: Part; readonly messages: readonly Part[] }>;
  readonly components: { readonly messages: Named<Message>; readonly schemas: Named<Part> };
}

interface HttpDocument {
  readonly paths: Named<{ readonly get: { readonly responses: Named<Response> } }>;
  readonly components: { readonly schemas: Named<Part> };
}

/** An HTTP response; header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Named<string | string[] | undefined>;
  readonly body: string;
}

/** What both documents have in common. */
class Contract<Document extends { components: { schemas: Named<Part> } }> {
  readonly document: Document;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<Part, ValidateFunction>();
  readonly #seen = new Set<string>();

  constructor(file: string) {
    this.document = parse(readFileSync(join(import.meta.dirname, "../public", file), "utf8"));
    formats.default(this.#ajv);
    const schemas = closed(this.document.components.schemas);
    this.#ajv.addSchema({ components: { schemas } }, "document", undefined, false);
  }

  /** Returns the part itself, or what it refers to. */
  resolve<T extends Part>(part: T): T {
    if (part.$ref === undefined) return part;
    const keys = part.$ref.split("/").slice(1);
    const found = keys.reduce<unknown>((at, key) => (at as Named<unknown> | undefined)?.[key], this.document);
    if (found === undefined) throw new Error(`\`${part.$ref}\` leads nowhere`);
    return this.resolve(found as T);
  }

  /** Throws unless `value` matches `schema`, a part of the document. */
  checkValue(what: string, schema: Part, value: unknown): void {
    const validate = this.#validators.get(schema) ?? this.#compile(schema);
    if (!validate(value))
      throw new Error(`${what}: ${this.#ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
  }

  /** Returns those of `described` that have not been seen. */
  unseen(described: readonly string[]): string[] {
    return described.filter((what) => !this.#seen.has(what));
  }

  #compile(schema: Part): ValidateFunction {
    const { $ref } = schema;
    const validate = this.#ajv.compile($ref === undefined ? closed(schema) : { $ref: `document${$ref}` });
    this.#validators.set(schema, validate);
    return validate;
  }

  protected see(what: string): void {
    this.#seen.add(what);
  }
}

/** `asyncapi.yaml`: the messages of each channel. */
export class StreamContract extends Contract<StreamDocument> {
  constructor() {
    super("asyncapi.yaml");
  }

  /** Every message of every channel, as `/ws hello`. */
  get described(): string[] {
    return Object.values(this.document.channels).flatMap(({ address, messages }) =>
      Object.keys(messages).map((name) => `${address} ${name}`),
    );
  }

  /** Checks `payload`, sent over the channel with this address as the message with this name. */
  check(address: string, name: string, payload: unknown): void {
    const what = `${address} ${name}`;
    const channel = Object.values(this.document.channels).find((channel) => channel.address === address);
    const message = channel?.messages[name];
    if (message === undefined) throw new Error(`${what} is not described: ${JSON.stringify(payload)}`);
    this.checkValue(what, this.resolve(message).payload, payload);
    this.see(what);
  }
}

/** `openapi.yaml`: the responses of each path. */
export class HttpContract extends Contract<HttpDocument> {
  constructor() {
    super("openapi.yaml");
  }

  /** Every response of every path, as `/api/v1/topics 200`. */
  get described(): string[] {
    return Object.entries(this.document.paths).flatMap(([path, { get }]) =>
      Object.keys(get.responses).map((status) => `${path} ${status}`),
    );
  }

  /** Checks the response to a request for this path. */
  check(path: string, answer: Answer): void {
    const what = `${path} ${answer.status}`;
    const response = this.document.paths[path]?.get.responses[answer.status];
    if (response === undefined) throw new Error(`${what} is not described: ${answer.body}`);
    const { headers, content } = this.resolve(response);
    for (const [name, header] of Object.entries(headers ?? {})) this.#takeHeader(what, name, header, answer);
    if (content !== undefined) this.#takeBody(what, content, answer);
    else if (answer.body !== "") throw new Error(`${what} is described without a body: ${answer.body}`);
    this.see(what);
  }

  #takeHeader(what: string, name: string, header: Header, answer: Answer): void {
    const { required, schema } = this.resolve(header);
    const value = answer.headers[name.toLowerCase()];
    if (value !== undefined) this.checkValue(`${name} of ${what}`, schema, value);
    else if (required) throw new Error(`${what} comes without ${name}`);
  }

  #takeBody(what: string, content: NonNullable<Response["content"]>, answer: Answer): void {
    const type = String(answer.headers["content-type"]).replace(/;.*/, "");
    const described = content[type];
    if (described === undefined) throw new Error(`${what} is not described as ${type}`);
    const isJson = /[/+]json$/.test(type);
    this.checkValue(what, described.schema, isJson ? JSON.parse(answer.body) : answer.body);
  }
}

/** Returns a copy in which objects with described fields allow no others. */
function closed<T>(part: T): T {
  if (Array.isArray(part)) return part.map(closed) as T;
  if (typeof part !== "object" || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  const isObject = [copy.type].flat().includes("object");
  if (isObject && typeof copy.properties === "object") copy.unevaluatedProperties = false;
  return copy as T;
}
