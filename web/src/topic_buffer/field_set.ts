/**
 * The fields of a topic, learned from its records. Knows no samples.
 *
 * # Stable order
 * Within an epoch a field keeps its index, whatever later records and labels say: a line must not change its meaning or
 * colour. A field that records no longer have just has no more values.
 */

import type { Json } from "../client/protocol";
import { describeField, type Field, type Labels, numbersOf } from "./field";

/**
 * More lines cannot be told apart, and names that never repeat must not exhaust memory. Further fields are not kept
 * here; the history API has them.
 */
export const FIELDS_MAX = 16;

export class FieldSet {
  #labels: Labels = {};
  #list: readonly Field[] = [];
  readonly #known = new Set<string | undefined>();

  /** A new array whenever anything about the fields has changed. */
  get list(): readonly Field[] {
    return this.#list;
  }

  /** Replaces the labels. */
  relabel(labels: Labels): void {
    if (JSON.stringify(labels) === JSON.stringify(this.#labels)) return;
    this.#labels = labels;
    this.#list = this.#list.map(({ name }) => describeField(name, labels));
  }

  /** Adds fields that appear first in this record: labelled ones in the order of the labels, then the others. */
  learn(record: Json): void {
    if (this.#list.length === FIELDS_MAX || this.#knows(record)) return;
    const found = [...numbersOf(record)].filter((name) => !this.#known.has(name));
    const labelled = Object.keys(this.#labels).filter((name) => found.includes(name));
    const others = found.filter((name) => name === undefined || !labelled.includes(name));
    const taken = [...labelled, ...others].slice(0, FIELDS_MAX - this.#list.length);
    for (const name of taken) this.#known.add(name);
    this.#list = [...this.#list, ...taken.map((name) => describeField(name, this.#labels))];
  }

  /** The labels belong to the topic and stay. */
  clear(): void {
    this.#list = [];
    this.#known.clear();
  }

  #knows(record: Json): boolean {
    for (const name of numbersOf(record)) if (!this.#known.has(name)) return false;
    return true;
  }
}
