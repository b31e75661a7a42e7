/** A long record on a slow connection: the built client and a real hub behind a proxy limited to 250 kB/s. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Hub } from "./hub";

const MODULE = resolve(import.meta.dirname, "../../web/dist/tickcast-client.js");
const STEP_MS = 50;
const BYTES_A_STEP = (250_000 * STEP_MS) / 1_000;
/** 16 s on this connection: longer than the client would wait with short records. */
const RECORD_LEN = 4_000_000;

let hub: Hub | undefined;
let proxy: SlowProxy | undefined;
let viewer: ChildProcess | undefined;

afterEach(async () => {
  viewer?.kill("SIGKILL");
  proxy?.close();
  await hub?.remove();
});

/** A proxy that limits the bandwidth from the hub to the viewers. */
class SlowProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(url: string, server: Server, sockets: Set<Socket>) {
    this.url = url;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async before(hub: string): Promise<SlowProxy> {
    const { hostname, port } = new URL(hub);
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      near.pipe(far);
      const steps = setInterval(() => {
        const chunk = far.read(Math.min(BYTES_A_STEP, far.readableLength)) as Buffer | null;
        if (chunk !== null && chunk.length > 0) near.write(chunk);
      }, STEP_MS);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => {
          clearInterval(steps);
          near.destroy();
          far.destroy();
        });
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: own } = server.address() as AddressInfo;
    return new SlowProxy(`http://127.0.0.1:${own}`, server, sockets);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

test("a record that takes longer than the silence limit arrives on the first attempt", {
  timeout: 90_000,
}, async () => {
  hub = await Hub.startFrom({
    "tickcast.toml":
      '[server]\nrecover_max = 1\n[topics.wide]\ndataset = "wide.json"\nrate = 0.001\nstart = "2024-01-01T00:00:00Z"\n',
    "wide.json": [{ blob: "x".repeat(RECORD_LEN) }],
  });
  proxy = await SlowProxy.before(hub.url);
  const flags = Number.parseInt(process.versions.node, 10) < 22 ? ["--experimental-websocket"] : [];
  const script = join(import.meta.dirname, "node_viewer.mjs");
  viewer = spawn(process.execPath, [...flags, script, pathToFileURL(MODULE).href, proxy.url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const links: unknown[] = [];
  if (viewer.stdout === null) throw new Error("the viewer's output is not piped");
  for await (const line of createInterface({ input: viewer.stdout })) {
    const [event, what] = JSON.parse(line);
    if (event === "link") links.push(what);
    if (event === "record" || links.includes("waiting")) break;
  }
  expect(links).toEqual(["connecting", "live"]);
});
