/** A viewer's socket behind a path: what it sends and what it receives arrives later, in order. */

import type { Socket } from "../../../web/src/client/runtime";
import { DelayLine, type Timers } from "./delay_line";
import { type AppliedDelays, DelayQueue } from "./delay_queue";
import { type JitterPath, jitter } from "./jitter";

export interface DelayedSocketOptions {
  readonly path: JitterPath;
  readonly random: () => number;
  readonly timers: Timers;
  /** Collect the delays of both directions. */
  readonly up: AppliedDelays;
  readonly down: AppliedDelays;
  /** Called with what is sent, at the moment at which it is sent. */
  readonly onSend: (text: string) => void;
}

export class DelayedSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly #socket: Socket;
  readonly #up: DelayLine<string>;
  readonly #onSend: (text: string) => void;
  #isOpen = false;

  constructor(socket: Socket, { path, random, timers, up, down, onSend }: DelayedSocketOptions) {
    this.#socket = socket;
    this.#onSend = onSend;
    const upQueue = new DelayQueue<string>(jitter(path.up, random), up);
    this.#up = new DelayLine(upQueue, (text) => this.#isOpen && socket.send(text), timers);
    const downQueue = new DelayQueue<() => void>(jitter(path.down, random), down);
    const downLine = new DelayLine(downQueue, (fire) => fire(), timers);
    socket.onopen = () => {
      this.#isOpen = true;
      downLine.push(() => this.onopen?.());
    };
    socket.onmessage = ({ data }) => downLine.push(() => this.onmessage?.({ data }));
    socket.onclose = ({ code }) => {
      this.#isOpen = false;
      downLine.push(() => this.onclose?.({ code }));
    };
    socket.onerror = () => downLine.push(() => this.onerror?.());
  }

  send(text: string): void {
    this.#onSend(text);
    this.#up.push(text);
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.close();
  }
}
