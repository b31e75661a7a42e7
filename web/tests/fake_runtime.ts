/** A fake runtime for the client, with a hub and a clock controlled by the test. For tests only. */

import type { HubMessage } from "../src/client/protocol";
import type { Runtime, Socket } from "../src/client/runtime";

export class FakeRuntime {
  readonly urls: string[] = [];
  /** Messages sent to the hub. */
  readonly sent: string[] = [];
  /** URLs requested over HTTP. */
  readonly statusRequests: string[] = [];
  readonly reported: unknown[] = [];
  now = 0;
  /** Wall clock minus page time. */
  wallAhead = 1_700_000_000_000;
  /** Status of all HTTP responses; 0 for none. */
  status = 200;
  /** Whether the topic's entry says that it has stopped. */
  isStopped = false;
  chance = 0.5;
  isHidden = false;
  /** In the order in which they were opened. */
  readonly sockets: (Socket & { isClosed: boolean })[] = [];
  /** Listeners for the page becoming visible again. */
  readonly returnListeners = new Set<() => void>();
  #timers: { at: number; call: () => void }[] = [];

  readonly runtime: Runtime = {
    open: (url) => this.#accept(url),
    get: (url) => {
      this.statusRequests.push(url);
      const { status, isStopped } = this;
      const response =
        status === 0
          ? Promise.reject(new Error("no network"))
          : Promise.resolve(new Response(JSON.stringify({ stopped: isStopped }), { status }));
      return { response, cancel: () => {} };
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
      this.returnListeners.add(call);
      return () => void this.returnListeners.delete(call);
    },
    report: (error) => void this.reported.push(error),
  };

  /** The socket opened last. */
  get socket(): (Socket & { isClosed: boolean }) | undefined {
    return this.sockets.at(-1);
  }

  get timers(): number {
    return this.#timers.length;
  }

  receive(...messages: readonly HubMessage[]): void {
    for (const message of messages) this.socket?.onmessage?.({ data: JSON.stringify(message) });
  }

  open(...messages: readonly HubMessage[]): void {
    this.socket?.onopen?.();
    this.receive(...messages);
  }

  close(code = 1006): void {
    this.socket?.onclose?.({ code });
  }

  /** Makes the page visible again. */
  returnToPage(): void {
    this.isHidden = false;
    for (const call of this.returnListeners) call();
  }

  /** Advances the clock, running timers in order. */
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

  /** Lets the response to an HTTP request arrive. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
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
