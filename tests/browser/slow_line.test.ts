/** A long record on a slow line: a way to a real hub that lets 250 kB a second through, and the client as it was built. */

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
/** 16 s on this line: longer than the client waits for an answer where records are short. */
const RECORD_LEN = 4_000_000;

let hub: Hub | undefined;
let line: SlowLine | undefined;
let viewer: ChildProcess | undefined;

afterEach(async () => {
  viewer?.kill("SIGKILL");
  line?.close();
  await hub?.remove();
});

/** Passes on what viewers say, and what the hub says no faster than the line. */
class SlowLine {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(url: string, server: Server, sockets: Set<Socket>) {
    this.url = url;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async before(hub: string): Promise<SlowLine> {
    const { hostname, port } = new URL(hub);
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      near.pipe(far);
      const steps = setInterval(() => {
        const piece = far.read(Math.min(BYTES_A_STEP, far.readableLength)) as Buffer | null;
        if (piece !== null && piece.length > 0) near.write(piece);
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
    return new SlowLine(`http://127.0.0.1:${own}`, server, sockets);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

test("a record that takes longer than an answer may take arrives on the first attempt", {
  timeout: 90_000,
}, async () => {
  hub = await Hub.startFrom({
    "tickcast.toml":
      '[server]\nrecover_max = 1\n[topics.wide]\ndataset = "wide.json"\nrate = 0.001\nstart = "2024-01-01T00:00:00Z"\n',
    "wide.json": [{ blob: "x".repeat(RECORD_LEN) }],
  });
  line = await SlowLine.before(hub.url);
  const flags = Number.parseInt(process.versions.node, 10) < 22 ? ["--experimental-websocket"] : [];
  const script = join(import.meta.dirname, "node_viewer.mjs");
  viewer = spawn(process.execPath, [...flags, script, pathToFileURL(MODULE).href, line.url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const links: unknown[] = [];
  if (viewer.stdout === null) throw new Error("what the viewer says is not piped");
  for await (const said of createInterface({ input: viewer.stdout })) {
    const [event, what] = JSON.parse(said);
    if (event === "link") links.push(what);
    if (event === "record" || links.includes("waiting")) break;
  }
  expect(links).toEqual(["connecting", "live"]);
});
