/**
 * What a connection needs from the browser, named, so that a test can stand in for all of it:
 * sockets, one HTTP question, timers, chance. Holds no state.
 */

/** The part of `WebSocket` that is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Surroundings {
  open(url: string, subprotocol: string): Socket;
  /** The status of a GET, or 0 when no answer came. */
  status(url: string): Promise<number>;
  /** Page time in milliseconds: monotonic, of arbitrary origin. */
  now(): number;
  /** Calls back once after a while; the result calls it off. */
  after(ms: number, call: () => void): () => void;
  random(): number;
  isOnline(): boolean;
}

/** An HTTP question that has not been answered by then counts as unanswered. */
const STATUS_TIMEOUT_MS = 5_000;

/** The real ones. */
export const browser: Surroundings = {
  open: (url, subprotocol) => new WebSocket(url, [subprotocol]) as Socket,
  status: (url) =>
    fetch(url, { cache: "no-store", signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) }).then(
      (response) => response.status,
      () => 0,
    ),
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  isOnline: () => navigator.onLine,
};
