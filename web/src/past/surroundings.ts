/** What the past needs from the browser, named, so that a test can stand in for all of it. Holds no state. */

import type { Fetch } from "./answer";

export interface Surroundings {
  readonly fetch: Fetch;
  /** Page time in milliseconds. */
  now(): number;
  /** Calls back once after a while; the result calls it off. */
  after(ms: number, call: () => void): () => void;
  random(): number;
}

/** The real ones. */
export const browser: Surroundings = {
  fetch: (url, init) => fetch(url, init),
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
