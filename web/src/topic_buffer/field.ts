/**
 * A field: one named number of a record, with the operator's label; and the fields of a topic, which are learned from
 * its records. Knows no samples.
 *
 * # Names
 * A number in a nested object has the names of all keys that lead to it, as in `a.b`; see `field_path.ts`.
 *
 * # Stable order
 * Within an epoch a field keeps its index, whatever later records and labels say: a line must not change its meaning or
 * colour. A field that records no longer have just has no more values.
 */

import type { FieldLabel, Json } from "../client/protocol";
import { forEachValue, pathOf, valueAt } from "./field_path";
import { isNumber, numberOf } from "./values";

export type Labels = Readonly<Record<string, FieldLabel>>;

export interface Field {
  /** As the hub calls it; undefined if the record itself is the number. */
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly unit: string | undefined;
  /** Whether records have its numbers as text, at least some of them. */
  readonly isText?: boolean;
}

/** Receives a value of the record that is read, for the field at this index. */
export type PutValue = (index: number, value: number) => void;

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

/**
 * Returns the field of this name with its label; without a name, the record itself. The label of a key with a dot may
 * be configured without the backslash.
 */
export function describeField(name: string | undefined, labels: Labels): Field {
  const key = labelKey(name, labels);
  const label = key === undefined ? undefined : labels[key];
  const plain = name === undefined ? undefined : pathOf(name).join(".");
  // Without a label a key with a dot is shown as it is in the records, without a backslash.
  const shown = label?.label || (plain === name ? undefined : plain);
  return { name, label: shown, unit: label?.unit || undefined };
}

/** Returns the field's number in this record, or NaN, which breaks the line, if it has none. */
export function readField(record: Json, { name }: Field): number {
  return numberOf(valueAt(record, pathOf(name)));
}

/** The fields of a topic. */
export class FieldSet {
  #labels: Labels = {};
  #list: readonly Field[] = [];
  readonly #indices = new Map<string | undefined, number>();

  /** A new array whenever anything about the fields has changed. */
  get list(): readonly Field[] {
    return this.#list;
  }

  /** Replaces the labels. */
  relabel(labels: Labels): void {
    if (JSON.stringify(labels) === JSON.stringify(this.#labels)) return;
    this.#labels = labels;
    this.#list = this.#list.map((field) => ({ ...field, ...describeField(field.name, labels) }));
  }

  /** Passes the numbers of a record to `put`, and learns its fields. */
  read(record: Json, put: PutValue): void {
    let hasNews = false;
    const visit = (name: string | undefined, value: Json) => {
      if (!isNumber(value)) return;
      const index = this.#indices.get(name);
      if (index === undefined) hasNews ||= this.#list.length < FIELDS_MAX;
      else {
        if (typeof value === "string") this.#noteText(index);
        put(index, numberOf(value));
      }
    };
    forEachValue(record, visit);
    if (!hasNews) return;
    this.#learn(record);
    forEachValue(record, visit);
  }

  /** The labels belong to the topic and stay. */
  clear(): void {
    this.#list = [];
    this.#indices.clear();
  }

  /** Adds fields that appear first in this record: labelled ones in the order of the labels, then the others. */
  #learn(record: Json): void {
    const found: (string | undefined)[] = [];
    forEachValue(record, (name, value) => {
      if (isNumber(value) && !this.#indices.has(name)) found.push(name);
    });
    const order = Object.keys(this.#labels);
    const rank = (name: string | undefined) => {
      const key = labelKey(name, this.#labels);
      return key === undefined || name === undefined ? order.length : order.indexOf(key);
    };
    const taken = found.sort((a, b) => rank(a) - rank(b)).slice(0, FIELDS_MAX - this.#list.length);
    for (const [i, name] of taken.entries()) this.#indices.set(name, this.#list.length + i);
    this.#list = [...this.#list, ...taken.map((name) => describeField(name, this.#labels))];
  }

  #noteText(index: number): void {
    if (this.#list[index]?.isText) return;
    this.#list = this.#list.map((field, i) => (i === index ? { ...field, isText: true } : field));
  }
}

/** The key under which a field is labelled; undefined if it has no label. */
function labelKey(name: string | undefined, labels: Labels): string | undefined {
  const [key, ...rest] = pathOf(name);
  const keys = rest.length === 0 && key !== undefined ? [name, key] : [name ?? UNNAMED_FIELD];
  return keys.find((one) => one !== undefined && Object.hasOwn(labels, one));
}
