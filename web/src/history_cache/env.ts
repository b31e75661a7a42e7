/**
 * Everything the history cache needs from the browser, as an interface, so that tests can replace it. Holds no state.
 */

import type { FetchFunction } from "./history_fetch";

export interface HistoryEnv {
  readonly fetch: FetchFunction;
  /** Page time in milliseconds. */
  now(): number;
  /** Calls back once after `ms`; the returned function cancels it. */
  after(ms: number, call: () => void): () => void;
  random(): number;
}

/** The real browser. */
export const browserEnv: HistoryEnv = {
  fetch: (url, init) => fetch(url, init),
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
