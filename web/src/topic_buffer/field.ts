/**
 * A field: one named number of a record, with the operator's label. Looks at one record at a time; `field_set.ts` knows
 * which fields a topic has.
 */

import type { FieldLabel, Json } from "../client/protocol";

export type Labels = Readonly<Record<string, FieldLabel>>;

export interface Field {
  /** Undefined if the record itself is the number. */
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly unit: string | undefined;
}

/** Name used in labels, URLs and `fieldKey` for a record that is itself a number. */
const UNNAMED_FIELD = "value";

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

/** Yields the names of the numbers in a record, in its order; `undefined` stands for the record itself. */
export function* numbersOf(record: Json): Generator<string | undefined> {
  if (typeof record === "number") yield undefined;
  else if (isObject(record)) for (const name in record) if (typeof record[name] === "number") yield name;
}

function isObject(record: Json): record is Record<string, Json> {
  return record !== null && typeof record === "object" && !Array.isArray(record);
}
