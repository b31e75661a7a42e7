/**
 * A typed event emitter. Listeners run in the order in which they were added; one that throws affects neither the
 * others nor the caller.
 */

/** Event names with the arguments of their listeners. */
type ListenerArguments = { readonly [event: string]: readonly unknown[] };

export class Emitter<M extends ListenerArguments> {
  readonly #report: (error: unknown) => void;
  readonly #listeners = new Map<keyof M, Set<(...args: never) => void>>();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Adds a listener; the returned function removes it. */
  on<E extends keyof M>(event: E, listener: (...args: M[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  has(event: keyof M): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  /** Removes all listeners. */
  clear(): void {
    this.#listeners.clear();
  }

  emit<E extends keyof M>(event: E, ...args: M[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        listener(...(args as never));
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
