/**
 * Which number of a record is drawn. The choice is made at the first record that has one and then kept:
 * a line must not change its quantity on the way. Knows one record at a time.
 */

import type { FieldLabel, Json } from "../protocol";

export interface Field {
  /** Undefined: the record itself is the number. */
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly unit: string | undefined;
}

/** The record itself, else the first labelled field that is a number, else the first field that is. */
export function chooseField(record: Json, labels: Readonly<Record<string, FieldLabel>>): Field | undefined {
  if (typeof record === "number") return describe(undefined, labels.value);
  if (record === null || typeof record !== "object" || Array.isArray(record)) return undefined;
  const isNumber = (name: string) => Object.hasOwn(record, name) && typeof record[name] === "number";
  const name = Object.keys(labels).find(isNumber) ?? Object.keys(record).find(isNumber);
  return name === undefined ? undefined : describe(name, labels[name]);
}

/** The field's number in this record; NaN, hence a break in the line, where there is none. */
export function readField(record: Json, field: Field): number {
  const value =
    field.name === undefined
      ? record
      : record !== null && typeof record === "object" && !Array.isArray(record)
        ? record[field.name]
        : undefined;
  return typeof value === "number" ? value : Number.NaN;
}

function describe(name: string | undefined, label: FieldLabel | undefined): Field {
  return { name, label: label?.label || undefined, unit: label?.unit || undefined };
}
