/** A site on another origin than the hub's, with pages supplied by the test. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

export class OtherSite {
  readonly origin: string;
  readonly #server: Server;
  readonly #files = new Map<string, string>();

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", ({ url = "" }, response) => {
      const file = this.#files.get(url);
      response.statusCode = file === undefined ? 404 : 200;
      response.setHeader("content-type", TYPES[url.split(".").at(-1) ?? ""] ?? "text/plain");
      response.end(file);
    });
  }

  static async start(): Promise<OtherSite> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new OtherSite(server);
  }

  /** Serves this content as `/page.html` or `/module.js`; returns its URL. */
  put(path: `/${string}.${"html" | "js"}`, content: string): string {
    this.#files.set(path, content);
    return this.origin + path;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
