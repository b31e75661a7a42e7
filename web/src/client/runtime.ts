/**
 * Everything the client needs from its environment, as an interface, so that tests can replace all of it: sockets, one
 * HTTP request, clocks, timers, randomness, and page visibility. Holds no state.
 */

/** The part of `WebSocket` that is used here. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Runtime {
  open(url: string, subprotocol: string): Socket;
  /** The status of a GET request, or 0 if there was no response. */
  status(url: string): Promise<number>;
  /** Page time in milliseconds: monotonic, with an arbitrary origin. */
  now(): number;
  /** Wall-clock time in milliseconds, which users and time servers adjust. */
  wall(): number;
  /** Calls back once after `ms`; the returned function cancels it. */
  after(ms: number, call: () => void): () => void;
  random(): number;
  isOnline(): boolean;
  /** Whether the page is hidden, so that timers are throttled. */
  isHidden(): boolean;
  /**
   * Calls back when the page becomes visible again and when the network is back; the returned function unsubscribes.
   */
  onReturn(call: () => void): () => void;
  /** Reports an error thrown by a listener. */
  report(error: unknown): void;
}

/** A request that takes longer counts as unanswered. */
const STATUS_TIMEOUT_MS = 5_000;

type Listener = (event: { readonly persisted?: boolean }) => void;

interface EventTargetLike {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** The globals that browsers and Node.js share; those marked optional exist only in pages. */
interface GlobalScope extends Partial<EventTargetLike> {
  readonly WebSocket: new (url: string, subprotocols: readonly string[]) => Socket;
  readonly AbortSignal: { timeout(ms: number): unknown };
  readonly performance: { now(): number };
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: EventTargetLike & { readonly visibilityState: string };
  fetch(url: string, options: { cache: string; signal: unknown }): Promise<{ readonly status: number }>;
  setTimeout(call: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Not the DOM's types: every user of this library would need them. */
const host = globalThis as unknown as GlobalScope;

const isHidden = (): boolean => host.document?.visibilityState === "hidden";

/** The runtime of browsers and Node.js. */
export const defaultRuntime: Runtime = {
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
    const returns: readonly [
      target: Partial<EventTargetLike> | undefined,
      event: string,
      listener: Listener,
    ][] = [
      [host.document, "visibilitychange", () => isHidden() || call()],
      // Only when restored from the back/forward cache: a page shown for the first time was not away.
      [host, "pageshow", ({ persisted }) => persisted && call()],
      [host, "online", call],
    ];
    for (const [target, event, listener] of returns) target?.addEventListener?.(event, listener);
    return () => {
      for (const [target, event, listener] of returns) target?.removeEventListener?.(event, listener);
    };
  },
  // As event targets do: an uncaught error in a listener is reported as such.
  report: (error) =>
    void host.setTimeout(() => {
      throw error;
    }, 0),
};
