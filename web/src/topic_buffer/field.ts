/**
 * A field: one named number of a record, with the operator's label; and the fields of a topic, which are learned from
 * its records. Knows no samples.
 *
 * # Stable order
 * Within an epoch a field keeps its index, whatever later records and labels say: a line must not change its meaning or
 * colour. A field that records no longer have just has no more values.
 */

import type { FieldLabel, Json } from "../client/protocol";
import { spellingOf } from "../exact_json";

export type Labels = Readonly<Record<string, FieldLabel>>;

export interface Field {
  /** Undefined if the record itself is the number. */
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly unit: string | undefined;
}

/** Name used in labels, URLs and `fieldKey` for a record that is itself a number. */
const UNNAMED_FIELD = "value";

/**
 * More lines cannot be told apart, and names that never repeat must not exhaust memory. Further fields are not kept
 * here; the history API has them.
 */
export const FIELDS_MAX = 16;

/** Identifies a series among all topics. */
export function fieldKey(topic: string, { name }: Pick<Field, "name">): string {
  return `${topic}/${name ?? UNNAMED_FIELD}`;
}

/** Returns the field of this name with its label; without a name, the record itself. */
export function describeField(name: string | undefined, labels: Labels): Field {
  const key = name ?? UNNAMED_FIELD;
  const label = Object.hasOwn(labels, key) ? labels[key] : undefined;
  return { name, label: label?.label || undefined, unit: label?.unit || undefined };
}

/** Returns the field's number in this record, or NaN, which breaks the line, if it has none. */
export function readField(record: Json, { name }: Field): number {
  const value = name === undefined ? record : isObject(record) ? record[name] : undefined;
  // A number that overflows parses as infinite, which cannot be drawn.
  return typeof value === "number" && Number.isFinite(value) ? value : Number.NaN;
}

/** Where a record was found in a parsed message: its value under `key` of `holder`. */
export interface RecordPlace {
  readonly holder: object;
  readonly key: string | number;
}

/** How the record spells the number of this field; undefined if the double that `readField` returns says it all. */
export function readSpelling(
  record: Json,
  { name }: Field,
  { holder, key }: RecordPlace,
): string | undefined {
  if (name === undefined) return spellingOf(holder, key);
  return isObject(record) ? spellingOf(record, name) : undefined;
}

/** Yields the names of the numbers in a record, in its order; `undefined` stands for the record itself. */
export function* numbersOf(record: Json): Generator<string | undefined> {
  if (typeof record === "number") yield undefined;
  else if (isObject(record)) for (const name in record) if (typeof record[name] === "number") yield name;
}

/** The fields of a topic. */
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

function isObject(record: Json): record is Record<string, Json> {
  return record !== null && typeof record === "object" && !Array.isArray(record);
}
