/**
 * Watches for the return of a hub that does not answer: as long as the page is visible, the hub is asked at short,
 * random intervals. One watch serves all connections to a hub. What to do when the hub is back is up to them.
 *
 * # Why requests, not sockets
 * Chromium delays every new WebSocket by up to five seconds once a few have failed. A request that fails costs nothing
 * and delays nothing.
 */

import type { Runtime } from "./runtime.ts";

/** With the request itself and a handshake, a visible page is back within a second of the hub. */
const ASK_AFTER_MS = 200;
/** The spread keeps the viewers of a hub from asking, and from returning, at the same instant. */
const ASK_SPREAD_MS = 500;

/** A question to the hub that is under way. */
interface Question {
  /** Whether the hub answered. */
  readonly answer: Promise<boolean | undefined>;
  cancel(): void;
}

export class ReturnWatch {
  readonly #ask: () => Question;
  readonly #runtime: Pick<Runtime, "after" | "random" | "isHidden">;
  readonly #waiting = new Set<() => void>();
  /** The question that counts; an earlier one may still be answered. */
  #question: Question | undefined;
  #cancelTimer = (): void => {};

  constructor(ask: () => Question, runtime: Pick<Runtime, "after" | "random" | "isHidden">) {
    this.#ask = ask;
    this.#runtime = runtime;
  }

  /** Calls back once, as soon as the hub answers; the returned function stops waiting. */
  wait(call: () => void): () => void {
    this.#waiting.add(call);
    if (this.#waiting.size === 1) this.#askLater();
    return () => {
      if (this.#waiting.delete(call) && this.#waiting.size === 0) this.#stop();
    };
  }

  #askLater(): void {
    const { after, random } = this.#runtime;
    this.#cancelTimer = after(ASK_AFTER_MS + random() * ASK_SPREAD_MS, () => void this.#askNow());
  }

  async #askNow(): Promise<void> {
    // A hidden page needs no picture, and its connections retry as soon as it is visible again.
    if (this.#runtime.isHidden()) {
      this.#askLater();
      return;
    }
    const question = this.#ask();
    this.#question = question;
    const isBack = await question.answer;
    if (this.#question !== question) return;
    if (isBack !== true) {
      this.#askLater();
      return;
    }
    const calls = [...this.#waiting];
    this.#waiting.clear();
    for (const call of calls) call();
  }

  #stop(): void {
    this.#cancelTimer();
    this.#question?.cancel();
    this.#question = undefined;
  }
}
