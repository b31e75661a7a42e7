/**
 * A simulated viewer: the page's own player, which estimates the hub's time and reports to the hub as in a browser,
 * behind a path and with a clock that are its own. It draws nothing. Real and simulated time serve it alike.
 */

import { Api } from "../../../web/src/client/api";
import type { Report } from "../../../web/src/client/protocol";
import { defaultRuntime, type Runtime } from "../../../web/src/client/runtime";
import { Player } from "../../../web/src/player";
import { seeded } from "../../../web/tests/samples";
import type { Timers } from "../path/delay_line";
import type { AppliedDelays } from "../path/delay_queue";
import { DelayedSocket } from "../path/delayed_socket";
import { pageTime, type ViewerSetup, wallTime } from "./population";

/** A report, and the hub's time according to the viewer at the true time at which it was sent. */
export interface SentReport {
  readonly report: Report;
  readonly trueTime: number;
  readonly hubTime: number;
}

/** How viewers reach the hub. The paths are added to this. */
export interface Network {
  readonly url: string;
  readonly topic: string;
  readonly timers: Timers;
  /** Opens a socket without a delay. */
  readonly open: Runtime["open"];
  /** Requests over HTTP are not delayed: nothing here depends on when they are answered. */
  readonly get?: Runtime["get"];
}

/** Short, because nothing is drawn. */
const WINDOW_MS = 5_000;

export class SimulatedViewer {
  readonly setup: ViewerSetup;
  readonly reports: SentReport[] = [];
  /** The delays applied to its messages. */
  readonly up: AppliedDelays = { delays: [], excesses: [] };
  readonly down: AppliedDelays = { delays: [], excesses: [] };
  readonly #network: Network;
  readonly #player: Player;
  /** True time and page time of the current frame. */
  #frame = { trueTime: Number.NaN, at: Number.NaN };

  constructor(setup: ViewerSetup, network: Network) {
    this.setup = setup;
    this.#network = network;
    const runtime = this.#runtime(seeded(setup.seed));
    this.#player = new Player({
      api: new Api(network.url, runtime),
      topics: [network.topic],
      windowMs: WINDOW_MS,
      onChange: () => {},
      runtime,
    });
  }

  /** One animation frame: the page asks for the hub's time in each, and reports in some. */
  draw(): void {
    const trueTime = this.#network.timers.now();
    this.#frame = { trueTime, at: pageTime(this.setup.clock, trueTime) };
    this.#player.hubNow(this.#frame.at);
    this.#player.onFrame(this.#frame.at);
  }

  close(): void {
    this.#player.close();
  }

  #runtime(random: () => number): Runtime {
    const { timers, open, get = defaultRuntime.get } = this.#network;
    const { clock, path } = this.setup;
    const onSend = (text: string) => this.#onSend(text);
    return {
      ...defaultRuntime,
      get,
      random,
      open: (url, subprotocol) => {
        const delays = { path, random, timers, up: this.up, down: this.down, onSend };
        return new DelayedSocket(open(url, subprotocol), delays);
      },
      now: () => pageTime(clock, timers.now()),
      wall: () => wallTime(clock, timers.now()),
      // The drift of a wait is negligible.
      after: timers.after,
    };
  }

  /** A report is sent within a frame, so it is judged by the time that the page would draw in that frame. */
  #onSend(text: string): void {
    const report = JSON.parse(text) as Report | { readonly type: "ping" };
    if (report.type !== "report") return;
    const { trueTime, at } = this.#frame;
    const hubTime = this.#player.hubNow(at);
    if (hubTime !== undefined) this.reports.push({ report, trueTime, hubTime });
  }
}
