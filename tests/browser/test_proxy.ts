/** A proxy in front of a hub that cuts all connections on demand, and may limit their bandwidth. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const pipe = (from: Socket, to: Socket): void => {
  from.pipe(to);
};

/** Forwards at most `bytesPerSecond`. */
export function throttled(bytesPerSecond: number): (from: Socket, to: Socket) => void {
  const stepMs = 50;
  return (from, to) => {
    const steps = setInterval(() => {
      const most = (bytesPerSecond * stepMs) / 1_000;
      const chunk = from.read(Math.min(most, from.readableLength)) as Buffer | null;
      if (chunk !== null && chunk.length > 0) to.write(chunk);
    }, stepMs);
    from.on("close", () => clearInterval(steps));
  };
}

export class TestProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(url: string, server: Server, sockets: Set<Socket>) {
    this.url = url;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** Starts a proxy in front of `hub`; `forward` passes on what the hub sends. */
  static async before(hub: string, forward: (far: Socket, near: Socket) => void = pipe): Promise<TestProxy> {
    const { hostname, port } = new URL(hub);
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        // Closing one side closes the other.
        one.on("error", () => other.destroy());
        one.on("close", () => {
          sockets.delete(one);
          other.destroy();
        });
      }
      near.pipe(far);
      forward(far, near);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: own } = server.address() as AddressInfo;
    return new TestProxy(`http://127.0.0.1:${own}`, server, sockets);
  }

  /** Resets all connections without closing them properly, as a failing network does. */
  sever(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    this.sever();
  }
}
