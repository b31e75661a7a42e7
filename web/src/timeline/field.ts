/**
 * One number of a record, by its name, as the operator labelled it. Knows one record at a time; which fields a topic
 * has is `fields.ts`'s business.
 */

import type { FieldLabel, Json } from "../client/protocol";

export type Labels = Readonly<Record<string, FieldLabel>>;

export interface Field {
  /** Undefined: the record itself is the number. */
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly unit: string | undefined;
}

/** What stands for the name of a record that is itself the number: in labels, in addresses, in `fieldKey`. */
const NAMELESS = "value";

/** Names one line among all topics. */
export function fieldKey(topic: string, { name }: Pick<Field, "name">): string {
  return `${topic}/${name ?? NAMELESS}`;
}

/** The field of this name as the labels have it; without a name, the record itself. */
export function describeField(name: string | undefined, labels: Labels): Field {
  const key = name ?? NAMELESS;
  const label = Object.hasOwn(labels, key) ? labels[key] : undefined;
  return { name, label: label?.label || undefined, unit: label?.unit || undefined };
}

/** The field's number in this record; NaN, hence a break in the line, where there is none. */
export function readField(record: Json, { name }: Field): number {
  const value = name === undefined ? record : isObject(record) ? record[name] : undefined;
  // A number too large for this language reads as infinite, and nothing infinite can be drawn.
  return typeof value === "number" && Number.isFinite(value) ? value : Number.NaN;
}

/** The names of the numbers in a record, in its order; `undefined` is the record itself. */
export function* numbersOf(record: Json): Generator<string | undefined> {
  if (typeof record === "number") yield undefined;
  else if (isObject(record)) for (const name in record) if (typeof record[name] === "number") yield name;
}

function isObject(record: Json): record is Record<string, Json> {
  return record !== null && typeof record === "object" && !Array.isArray(record);
}
