/** Requests and streams of a client that is no browser: everything that goes over the wire is seen and nothing is added. */

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { WebSocket } from "ws";
import type { Answer } from "../../web/tests/contract";

interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Where the request comes from. */
  readonly localAddress?: string;
}

/** What a WebSocket client sends first. */
export const HANDSHAKE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
} as const;

/** The answer to one request. Of a stream, what comes first; whatever it is, it is ended then. */
export async function ask(
  url: string,
  { method = "GET", headers = {}, body = "", localAddress }: Request = {},
): Promise<Answer> {
  const asked = request(url, {
    method,
    agent: false,
    ...(localAddress === undefined ? {} : { localAddress }),
    headers: { ...headers, "Content-Length": body.length },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.on("response", resolve).on("upgrade", resolve).on("error", reject);
  });
  asked.end(body);
  const response = await answered;
  try {
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
  } finally {
    asked.destroy();
  }
}

async function text(response: IncomingMessage): Promise<string> {
  if (response.statusCode === 101) return "";
  let text = "";
  for await (const piece of response.setEncoding("utf8")) {
    text += piece;
    if (response.headers["content-type"] === "text/event-stream") break;
  }
  return text;
}

/** Asks from the address `localAddress` for what it then does not read. Returns how to let go of it. */
export async function askAndLeave(url: string, localAddress: string): Promise<() => void> {
  const asked = request(url, { agent: false, localAddress });
  asked.end();
  await once(asked, "response");
  return () => asked.destroy();
}

/** A message, or a record of a viewer without messages. */
export type Said = { readonly type?: unknown } | null | string | number | boolean;

/** A stream that is listened to: what was said on it, in the order of its coming. */
export class Stream {
  readonly said: Said[] = [];
  /** Ends the connection. */
  readonly close: () => void;
  /** Says something to the hub. */
  readonly say: (text: string) => void;
  #wake: () => void = () => {};

  private constructor(close: () => void, say: (text: string) => void) {
    this.close = close;
    this.say = say;
  }

  /** With the subprotocol, or without one. */
  static async overWebSocket(url: string, protocols: string[] = ["tickcast.v1"]): Promise<Stream> {
    const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
    const stream = new Stream(
      () => socket.close(),
      (text) => socket.send(text),
    );
    socket.on("message", (text) => stream.#hear(JSON.parse(String(text))));
    await once(socket, "open");
    return stream;
  }

  static async overEvents(url: string): Promise<Stream> {
    const asked = request(url, { agent: false });
    asked.end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    const stream = new Stream(
      () => asked.destroy(),
      () => {},
    );
    let rest = "";
    response.setEncoding("utf8").on("data", (piece) => {
      const blocks = (rest + piece).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) stream.#hearEvent(block);
    });
    // It ends when the hub ends it, or with an error when we do.
    response.on("error", () => {});
    return stream;
  }

  /** Waits until a message of each of these types, or whatever passes for one, has come. */
  async hears(...types: unknown[]): Promise<void> {
    const isHeard = (type: unknown) => this.said.some((said) => typeOf(said) === type);
    while (!types.every(isHeard))
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  #hear(said: Said): void {
    this.said.push(said);
    this.#wake();
  }

  /** Comments and `retry` have no data. */
  #hearEvent(block: string): void {
    const lines = new Map(block.split("\n").map((line) => line.split(/: (.*)/, 2) as [string, string]));
    const data = lines.get("data");
    if (data === undefined) return;
    const said: Said = JSON.parse(data);
    const isPlain = ["data", "batch"].includes(typeOf(said));
    if (lines.get("event") !== (isPlain ? undefined : typeOf(said)))
      throw new Error(`not its name: ${block}`);
    if (lines.has("id") !== (isPlain || typeOf(said) === "hello")) throw new Error(`a wrong id: ${block}`);
    this.#hear(said);
  }
}

/** The type of a message; `record` for what is none. */
export function typeOf(said: Said): string {
  const type = typeof said === "object" ? said?.type : undefined;
  return typeof type === "string" ? type : "record";
}
