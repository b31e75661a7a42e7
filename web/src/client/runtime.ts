/**
 * Everything the client needs from its environment, as an interface, so that tests can replace all of it: sockets, HTTP
 * requests, clocks, timers, randomness, and page visibility. Holds no state.
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

/**
 * A class such as the browser's `WebSocket` or that of the package `ws`. Its instances are used as a `Socket`; their types
 * differ in what their listeners take, and so are not compared.
 */
export type SocketClass = new (
  url: string,
  subprotocols: string[],
) => { send(text: string): void; close(): void };

/** The part of `Response` that is used here. */
export interface HttpResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
  text(): Promise<string>;
}

/** A GET request that is under way. */
export interface HttpExchange {
  /** Rejects if there is no response. */
  readonly response: Promise<HttpResponse>;
  cancel(): void;
}

export interface Runtime {
  open(url: string, subprotocol: string): Socket;
  /** Starts a GET request; with `isFresh`, no cache answers it. */
  get(url: string, isFresh: boolean): HttpExchange;
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
  /** Parses the text of a frame; by default `JSON.parse`. */
  readonly parse?: (text: string) => unknown;
}

type Listener = (event: { readonly persisted?: boolean }) => void;

interface EventTargetLike {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** The globals that browsers and Node.js share; those marked optional exist only in pages. */
interface GlobalScope extends Partial<EventTargetLike> {
  readonly WebSocket?: SocketClass;
  readonly AbortController: new () => { readonly signal: unknown; abort(): void };
  readonly performance: { now(): number };
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: EventTargetLike & { readonly visibilityState: string };
  fetch(url: string, options: { cache: string; signal: unknown }): Promise<HttpResponse>;
  setTimeout(call: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Not the DOM's types: every user of this library would need them. */
const host = globalThis as unknown as GlobalScope;

const isHidden = (): boolean => host.document?.visibilityState === "hidden";

/**
 * The runtime of browsers and Node.js, with sockets of this class, by default the environment's. Throws if there is
 * none.
 */
export function runtimeFor(type: SocketClass | undefined = host.WebSocket): Runtime {
  if (type === undefined)
    throw new TypeError("no `WebSocket` in this environment; pass one, such as that of the package `ws`");
  return { ...defaultRuntime, open: (url, subprotocol) => new type(url, [subprotocol]) as Socket };
}

/** The runtime of browsers and Node.js. */
export const defaultRuntime: Runtime = {
  open: (url, subprotocol) => runtimeFor(host.WebSocket).open(url, subprotocol),
  get: (url, isFresh) => {
    const controller = new host.AbortController();
    const response = host.fetch(url, { cache: isFresh ? "no-store" : "default", signal: controller.signal });
    return { response, cancel: () => controller.abort() };
  },
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
