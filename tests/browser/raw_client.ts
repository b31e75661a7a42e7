/** A raw client that is not a browser: it sees everything that goes over the wire and adds nothing. */

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { WebSocket } from "ws";
import type { Answer } from "../../web/tests/contract";

interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Source address of the request. */
  readonly localAddress?: string;
}

/** Headers of a WebSocket handshake. */
export const HANDSHAKE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
} as const;

/** Sends one request and returns the response. A streaming response is cut off after its first chunk. */
export async function ask(
  url: string,
  { method = "GET", headers = {}, body = "", localAddress }: RequestOptions = {},
): Promise<Answer> {
  const outgoing = request(url, {
    method,
    agent: false,
    ...(localAddress === undefined ? {} : { localAddress }),
    headers: { ...headers, "Content-Length": body.length },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve).on("upgrade", resolve).on("error", reject);
  });
  outgoing.end(body);
  const response = await answered;
  try {
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
  } finally {
    outgoing.destroy();
  }
}

async function text(response: IncomingMessage): Promise<string> {
  if (response.statusCode === 101) return "";
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += chunk;
    if (response.headers["content-type"] === "text/event-stream") break;
  }
  return text;
}

/** Sends a request from `localAddress` without reading the response. Returns a function that ends it. */
export async function askAndLeave(url: string, localAddress: string): Promise<() => void> {
  const outgoing = request(url, { agent: false, localAddress });
  outgoing.end();
  await once(outgoing, "response");
  return () => outgoing.destroy();
}

/** A message, or a bare record. */
export type StreamMessage = { readonly type?: unknown } | null | string | number | boolean;

/** A stream that records its messages in order of arrival. */
export class MessageStream {
  readonly messages: StreamMessage[] = [];
  /** Closes the connection. */
  readonly close: () => void;
  /** Sends text to the hub. */
  readonly send: (text: string) => void;
  #wake: () => void = () => {};

  private constructor(close: () => void, say: (text: string) => void) {
    this.close = close;
    this.send = say;
  }

  /** Connects over WebSocket, with these subprotocols. */
  static async overWebSocket(url: string, protocols: string[] = ["tickcast.v1"]): Promise<MessageStream> {
    const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
    const stream = new MessageStream(
      () => socket.close(),
      (text) => socket.send(text),
    );
    socket.on("message", (text) => stream.#add(JSON.parse(String(text))));
    await once(socket, "open");
    return stream;
  }

  static async overEvents(url: string): Promise<MessageStream> {
    const outgoing = request(url, { agent: false });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const stream = new MessageStream(
      () => outgoing.destroy(),
      () => {},
    );
    let rest = "";
    response.setEncoding("utf8").on("data", (chunk) => {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) stream.#addEvent(block);
    });
    // The response ends when the hub ends it, or with an error when we do.
    response.on("error", () => {});
    return stream;
  }

  /** Waits until a message of each of these types has arrived; bare records count as `record`. */
  async waitFor(...types: unknown[]): Promise<void> {
    const hasArrived = (type: unknown) => this.messages.some((message) => typeOf(message) === type);
    while (!types.every(hasArrived))
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  #add(message: StreamMessage): void {
    this.messages.push(message);
    this.#wake();
  }

  /** Comments and `retry` have no data. */
  #addEvent(block: string): void {
    const lines = new Map(block.split("\n").map((line) => line.split(/: (.*)/, 2) as [string, string]));
    const data = lines.get("data");
    if (data === undefined) return;
    const message: StreamMessage = JSON.parse(data);
    const isPlain = ["data", "batch"].includes(typeOf(message));
    if (lines.get("event") !== (isPlain ? undefined : typeOf(message)))
      throw new Error(`wrong event name: ${block}`);
    if (lines.has("id") !== (isPlain || typeOf(message) === "hello")) throw new Error(`wrong id: ${block}`);
    this.#add(message);
  }
}

/** The type of a message; `record` for a bare record. */
export function typeOf(message: StreamMessage): string {
  const type = typeof message === "object" ? message?.type : undefined;
  return typeof type === "string" ? type : "record";
}
