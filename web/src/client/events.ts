/**
 * Who wants to know what: listeners by event, called in the order in which they came. One that throws keeps nothing
 * from the others, nor from whoever tells them.
 */

/** Each event with what its listeners are given. */
type EventMap = { readonly [event: string]: readonly unknown[] };

export class Events<M extends EventMap> {
  readonly #report: (error: unknown) => void;
  readonly #listeners = new Map<keyof M, Set<(...args: never) => void>>();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** The result takes the listener away again. */
  on<E extends keyof M>(event: E, listener: (...args: M[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  has(event: keyof M): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  /** Nobody is told anything any more. */
  clear(): void {
    this.#listeners.clear();
  }

  tell<E extends keyof M>(event: E, ...args: M[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        listener(...(args as never));
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
