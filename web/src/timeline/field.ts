/**
 * Which number of a record is drawn. The choice is made at the first record that has one and then kept, also under
 * a new label: a line must not change its quantity on the way. Knows one record at a time.
 */

import type { FieldLabel, Json } from "../protocol";

type Labels = Readonly<Record<string, FieldLabel>>;

export interface Field {
  /** Undefined: the record itself is the number. */
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly unit: string | undefined;
}

/** The record itself, else the first labelled field that is a number, else the first field that is. */
export function chooseField(record: Json, labels: Labels): Field | undefined {
  if (typeof record === "number") return describeField(undefined, labels);
  if (!isObject(record)) return undefined;
  const isNumber = (name: string) => Object.hasOwn(record, name) && typeof record[name] === "number";
  const name = Object.keys(labels).find(isNumber) ?? Object.keys(record).find(isNumber);
  return name === undefined ? undefined : describeField(name, labels);
}

/** The field of this name as the labels have it; without a name, the record itself. */
export function describeField(name: string | undefined, labels: Labels): Field {
  const key = name ?? "value";
  const label = Object.hasOwn(labels, key) ? labels[key] : undefined;
  return { name, label: label?.label || undefined, unit: label?.unit || undefined };
}

/** Whether the record knows the field at all, be its value a number or not. */
export function hasField(record: Json, { name }: Field): boolean {
  if (name === undefined) return typeof record === "number";
  return isObject(record) && Object.hasOwn(record, name);
}

/** The field's number in this record; NaN, hence a break in the line, where there is none. */
export function readField(record: Json, field: Field): number {
  const value = field.name === undefined ? record : isObject(record) ? record[field.name] : undefined;
  return typeof value === "number" ? value : Number.NaN;
}

function isObject(record: Json): record is Record<string, Json> {
  return record !== null && typeof record === "object" && !Array.isArray(record);
}
