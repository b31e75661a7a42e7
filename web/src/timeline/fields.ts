/**
 * Which numbers a topic's records have: the fields of its lines, learned from the records. Knows no samples.
 *
 * # A place for good
 * Within an epoch a field keeps its place, whatever later records and labels say: a line must not change its
 * quantity or its colour on the way. One that records no longer have has no more values, that is all.
 */

import type { Json } from "../client/protocol";
import { describeField, type Field, type Labels, numbersOf } from "./field";

/**
 * More lines than that nobody tells apart, and names that never repeat must not fill the memory. Further fields are
 * not kept here; the history API has them.
 */
export const FIELDS_MAX = 16;

export class Fields {
  #labels: Labels = {};
  #list: readonly Field[] = [];
  readonly #known = new Set<string | undefined>();

  /** Another list whenever anything about it has changed. */
  get list(): readonly Field[] {
    return this.#list;
  }

  /** The labels there are from now on. */
  relabel(labels: Labels): void {
    if (JSON.stringify(labels) === JSON.stringify(this.#labels)) return;
    this.#labels = labels;
    this.#list = this.#list.map(({ name }) => describeField(name, labels));
  }

  /** Takes in what this record has and none before it had: the labelled first, in the order of the labels. */
  learn(record: Json): void {
    if (this.#list.length === FIELDS_MAX || this.#knows(record)) return;
    const found = [...numbersOf(record)].filter((name) => !this.#known.has(name));
    const labelled = Object.keys(this.#labels).filter((name) => found.includes(name));
    const others = found.filter((name) => name === undefined || !labelled.includes(name));
    const taken = [...labelled, ...others].slice(0, FIELDS_MAX - this.#list.length);
    for (const name of taken) this.#known.add(name);
    this.#list = [...this.#list, ...taken.map((name) => describeField(name, this.#labels))];
  }

  /** The labels stay: they are the topic's. */
  clear(): void {
    this.#list = [];
    this.#known.clear();
  }

  #knows(record: Json): boolean {
    for (const name of numbersOf(record)) if (!this.#known.has(name)) return false;
    return true;
  }
}
