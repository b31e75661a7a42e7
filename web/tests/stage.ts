/** A hub, a place to run in and a clock, all in hand. For tests only. */

import type { HubMessage } from "../src/client/protocol";
import type { Socket, Surroundings } from "../src/client/surroundings";

export class Stage {
  readonly urls: string[] = [];
  /** What was said to the hub. */
  readonly sent: string[] = [];
  /** What was asked over HTTP. */
  readonly asked: string[] = [];
  readonly reported: unknown[] = [];
  now = 0;
  /** How far the wall clock is ahead of the page's. */
  wallAhead = 1_700_000_000_000;
  status = 200;
  chance = 0.5;
  isHidden = false;
  /** In the order in which they were opened. */
  readonly sockets: (Socket & { isClosed: boolean })[] = [];
  /** Who waits for somebody to look again. */
  readonly returning = new Set<() => void>();
  #timers: { at: number; call: () => void }[] = [];

  readonly surroundings: Surroundings = {
    open: (url) => this.#accept(url),
    status: async (url) => {
      this.asked.push(url);
      return this.status;
    },
    now: () => this.now,
    wall: () => this.now + this.wallAhead,
    after: (ms, call) => {
      const timer = { at: this.now + ms, call };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
    random: () => this.chance,
    isOnline: () => true,
    isHidden: () => this.isHidden,
    onReturn: (call) => {
      this.returning.add(call);
      return () => void this.returning.delete(call);
    },
    report: (error) => void this.reported.push(error),
  };

  /** The one that was opened last. */
  get socket(): (Socket & { isClosed: boolean }) | undefined {
    return this.sockets.at(-1);
  }

  get timers(): number {
    return this.#timers.length;
  }

  say(...messages: readonly HubMessage[]): void {
    for (const message of messages) this.socket?.onmessage?.({ data: JSON.stringify(message) });
  }

  open(...messages: readonly HubMessage[]): void {
    this.socket?.onopen?.();
    this.say(...messages);
  }

  close(code = 1006): void {
    this.socket?.onclose?.({ code });
  }

  /** Somebody looks again. */
  comeBack(): void {
    this.isHidden = false;
    for (const call of this.returning) call();
  }

  /** Lets time pass, timers in their order. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = next.at;
      next.call();
    }
    this.now = until;
  }

  /** Lets the answer to an HTTP question arrive. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  }

  #accept(url: string): Socket {
    this.urls.push(url);
    const socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      isClosed: false,
      send: (text: string) => void this.sent.push(text),
      close: () => {
        socket.isClosed = true;
      },
    };
    this.sockets.push(socket);
    return socket;
  }
}
