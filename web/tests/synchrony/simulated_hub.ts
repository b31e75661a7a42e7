/** A hub in simulated time: it answers pings, publishes a record every second, and keeps the reports. For tests only. */

import type { Network } from "../../../tests/synchrony/audience/viewer";
import type { Timers } from "../../../tests/synchrony/path/delay_line";
import type { Report } from "../../src/client/protocol";
import type { Socket } from "../../src/client/runtime";
import { hello } from "../messages";

interface Step {
  readonly at: number;
  readonly call: () => void;
}

/** Time that passes only in `run`. */
export class SimulatedTime implements Timers {
  #now = 0;
  /** Latest first. */
  #steps: Step[] = [];

  now = (): number => this.#now;

  after = (ms: number, call: () => void): (() => void) => {
    const step = { at: this.#now + Math.max(0, ms), call };
    // Behind those that are due at the same time.
    const place = this.#steps.findIndex(({ at }) => at <= step.at);
    this.#steps.splice(place < 0 ? this.#steps.length : place, 0, step);
    return () => {
      this.#steps = this.#steps.filter((other) => other !== step);
    };
  };

  run(ms: number): void {
    const until = this.#now + ms;
    while ((this.#steps.at(-1)?.at ?? Number.POSITIVE_INFINITY) <= until) {
      const { at, call } = this.#steps.pop() as Step;
      this.#now = at;
      call();
    }
    this.#now = until;
  }
}

const HUB_EPOCH_MS = 1_700_000_000_000;
const PERIOD_MS = 1_000;
const TIMELINE = { seq0: 1, t0: HUB_EPOCH_MS * 1000, index0: 0, rate: 1, playing: true };

export class SimulatedHub {
  /** True time at which the hub's clock read 0. */
  readonly origin = -HUB_EPOCH_MS;
  readonly reports: Report[] = [];
  readonly network: Network;
  readonly #time: SimulatedTime;
  readonly #sockets: Socket[] = [];
  #seq = 0;

  constructor(time: SimulatedTime) {
    this.#time = time;
    const response = new Promise<never>(() => {});
    this.network = {
      url: "http://hub.example",
      topic: "ecg",
      timers: time,
      open: () => this.#accept(),
      get: () => ({ response, cancel: () => {} }),
    };
    this.#publish();
  }

  get #nowUs(): number {
    return Math.floor((this.#time.now() - this.origin) * 1000);
  }

  #publish(): void {
    this.#seq += 1;
    const t = this.#nowUs;
    for (const socket of this.#sockets) send(socket, { type: "data", seq: this.#seq, t, data: this.#seq });
    this.#time.after(PERIOD_MS, () => this.#publish());
  }

  #accept(): Socket {
    const socket: Socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      send: (text) => this.#receive(socket, JSON.parse(text)),
      close: () => {},
    };
    this.#time.after(0, () => {
      socket.onopen?.();
      send(socket, hello({ seq: this.#seq, now: this.#nowUs, timeline: TIMELINE }));
      this.#sockets.push(socket);
    });
    return socket;
  }

  #receive(socket: Socket, message: Report | { readonly type: "ping"; readonly id: number }): void {
    if (message.type === "report") this.reports.push(message);
    else send(socket, { type: "pong", id: message.id, r: this.#nowUs, s: this.#nowUs });
  }
}

function send(socket: Socket, message: object): void {
  socket.onmessage?.({ data: JSON.stringify(message) });
}
