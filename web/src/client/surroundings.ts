/**
 * What the client needs from where it runs, named, so that a test can stand in for all of it: sockets, one HTTP
 * question, clocks, timers, chance, and whether somebody is looking. Holds no state.
 */

/** The part of `WebSocket` that is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Surroundings {
  open(url: string, subprotocol: string): Socket;
  /** The status of a GET, or 0 when no answer came. */
  status(url: string): Promise<number>;
  /** Page time in milliseconds: monotonic, of arbitrary origin. */
  now(): number;
  /** Milliseconds on the wall clock, which people and time servers set. */
  wall(): number;
  /** Calls back once after a while; the result calls it off. */
  after(ms: number, call: () => void): () => void;
  random(): number;
  isOnline(): boolean;
  /** Nobody can see this, and timers run when they like. */
  isHidden(): boolean;
  /** Calls back when somebody looks again, and when the network is back; the result calls it off. */
  onReturn(call: () => void): () => void;
  /** Takes an error that is not ours, thrown by a listener. */
  report(error: unknown): void;
}

/** An HTTP question that has not been answered by then counts as unanswered. */
const STATUS_TIMEOUT_MS = 5_000;

type Listener = (event: { readonly persisted?: boolean }) => void;

interface Target {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** What a browser and Node.js both have, and, with a question mark, what only a page has. */
interface Host extends Partial<Target> {
  readonly WebSocket: new (url: string, subprotocols: readonly string[]) => Socket;
  readonly AbortSignal: { timeout(ms: number): unknown };
  readonly performance: { now(): number };
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: Target & { readonly visibilityState: string };
  fetch(url: string, options: { cache: string; signal: unknown }): Promise<{ readonly status: number }>;
  setTimeout(call: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The DOM's own types would make every user of this library need them. */
const host = globalThis as unknown as Host;

const isHidden = (): boolean => host.document?.visibilityState === "hidden";

/** The real ones. */
export const real: Surroundings = {
  open: (url, subprotocol) => new host.WebSocket(url, [subprotocol]),
  status: (url) =>
    host.fetch(url, { cache: "no-store", signal: host.AbortSignal.timeout(STATUS_TIMEOUT_MS) }).then(
      (response) => response.status,
      () => 0,
    ),
  now: () => host.performance.now(),
  wall: () => Date.now(),
  after: (ms, call) => {
    const timer = host.setTimeout(call, ms);
    return () => host.clearTimeout(timer);
  },
  random: () => Math.random(),
  isOnline: () => host.navigator?.onLine !== false,
  isHidden,
  onReturn: (call) => {
    const returns: readonly [target: Partial<Target> | undefined, event: string, listener: Listener][] = [
      [host.document, "visibilitychange", () => isHidden() || call()],
      // Out of the browser's cache; when a page is shown for the first time, nobody has been away.
      [host, "pageshow", ({ persisted }) => persisted && call()],
      [host, "online", call],
    ];
    for (const [target, event, listener] of returns) target?.addEventListener?.(event, listener);
    return () => {
      for (const [target, event, listener] of returns) target?.removeEventListener?.(event, listener);
    };
  },
  // As an event target does: what nobody catches is told like any other uncaught error.
  report: (error) =>
    void host.setTimeout(() => {
      throw error;
    }, 0),
};
