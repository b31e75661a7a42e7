/**
 * A way to a hub that takes its time: passes TCP connections through, each direction by its own law of delay. Knows
 * nothing of what the bytes mean. Unprivileged, loopback only.
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { delayBy, type Path } from "./law";
import { type Applied, Way } from "./way";

/** A chunk, or the end of the stream, which must not overtake the chunks before it. */
type Piece = Buffer | "end";

export class DelayProxy {
  readonly url: string;
  readonly up: Applied;
  readonly down: Applied;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, up: Applied, down: Applied) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.up = up;
    this.down = down;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async before(hub: string, path: Path, random: () => number): Promise<DelayProxy> {
    const { hostname, port } = new URL(hub);
    const sockets = new Set<Socket>();
    const up: Applied = { delays: [], excesses: [] };
    const down: Applied = { delays: [], excesses: [] };
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.on("close", () => sockets.delete(one));
        // A reset is passed on without delay: whoever loses one side loses the other.
        one.on("error", () => other.destroy());
      }
      carry(near, far, new Way<Piece>(() => delayBy(path.up, random), up));
      carry(far, near, new Way<Piece>(() => delayBy(path.down, random), down));
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

function carry(from: Socket, to: Socket, way: Way<Piece>): void {
  let isWaiting = false;
  const release = (): void => {
    isWaiting = false;
    for (const piece of way.leave(performance.now())) {
      if (piece === "end") to.end();
      else if (to.writable) to.write(piece);
    }
    follow();
  };
  const follow = (): void => {
    const wait = way.wait(performance.now());
    if (wait === undefined || isWaiting) return;
    isWaiting = true;
    setTimeout(release, wait);
  };
  const enter = (piece: Piece): void => {
    way.enter(piece, performance.now());
    follow();
  };
  from.on("data", enter);
  from.on("end", () => enter("end"));
}
