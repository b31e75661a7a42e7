/**
 * A TCP proxy in front of a hub that delays each direction by its own model. It does not interpret the bytes.
 * Unprivileged, loopback only.
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { DelayLine } from "./delay_line";
import { type Path, sampleDelay } from "./delay_model";
import { type AppliedDelays, DelayQueue } from "./delay_queue";

/** A chunk, or the end of the stream, which must not overtake earlier chunks. */
type ProxyChunk = Buffer | "end";

export class DelayProxy {
  readonly url: string;
  readonly up: AppliedDelays;
  readonly down: AppliedDelays;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, up: AppliedDelays, down: AppliedDelays) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.up = up;
    this.down = down;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async before(hub: string, path: Path, random: () => number): Promise<DelayProxy> {
    const { hostname, port } = new URL(hub);
    const sockets = new Set<Socket>();
    const up: AppliedDelays = { delays: [], excesses: [] };
    const down: AppliedDelays = { delays: [], excesses: [] };
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.on("close", () => sockets.delete(one));
        // A reset is passed on immediately: closing one side closes the other.
        one.on("error", () => other.destroy());
      }
      carry(near, far, new DelayQueue<ProxyChunk>(() => sampleDelay(path.up, random), up));
      carry(far, near, new DelayQueue<ProxyChunk>(() => sampleDelay(path.down, random), down));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new DelayProxy(server, sockets, up, down);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function carry(from: Socket, to: Socket, queue: DelayQueue<ProxyChunk>): void {
  const line = new DelayLine(queue, (chunk) => {
    if (chunk === "end") to.end();
    else if (to.writable) to.write(chunk);
  });
  from.on("data", (chunk) => line.push(chunk));
  from.on("end", () => line.push("end"));
}
