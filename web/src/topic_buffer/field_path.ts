/**
 * The name of a field, as keys from the record down to its value. Twin: `src/source/field_path.rs`. Knows no fields.
 *
 * `a.b` is the key `b` of the object at the key `a`. A dot that belongs to a key has a backslash before it, and so has a
 * backslash: the key `a.b` has the name `a\.b`. So no key is mistaken for a path.
 */

import type { Json } from "../client/protocol";

/** Objects nested deeper than this many levels are not searched for fields. */
export const DEPTH_MAX = 8;

/** The keys from the record down; empty for the record itself. */
export type FieldPath = readonly string[];

/** Paths by name; as few as there are fields. */
const parsed = new Map<string, FieldPath>();

/** Parses a name; the record itself has none. A backslash before any other character, or at the end, is dropped. */
export function pathOf(name: string | undefined): FieldPath {
  if (name === undefined) return [];
  let path = parsed.get(name);
  if (path === undefined) {
    path = parse(name);
    parsed.set(name, path);
  }
  return path;
}

/** The value at this path; undefined if the record has none there. */
export function valueAt(record: Json, path: FieldPath): Json | undefined {
  let value: Json | undefined = record;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/**
 * Calls `visit` with the name and value of everything in the record that is not an object, in its order. The record
 * itself has no name.
 */
export function forEachValue(
  record: Json,
  visit: (name: string | undefined, value: Json) => void,
  prefix = "",
  depth = DEPTH_MAX,
): void {
  if (!isObject(record)) {
    if (prefix === "") visit(undefined, record);
    return;
  }
  for (const key in record) {
    const value = record[key] as Json;
    const name = prefix + escapeKey(key);
    if (!isObject(value)) visit(name, value);
    else if (depth > 1) forEachValue(value, visit, `${name}.`, depth - 1);
  }
}

/** The name of the field at this key of the record. */
export function escapeKey(key: string): string {
  return key.includes(".") || key.includes("\\") ? key.replace(/[.\\]/g, "\\$&") : key;
}

function isObject(value: Json | undefined): value is Record<string, Json> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function parse(name: string): FieldPath {
  const keys = [""];
  for (let i = 0; i < name.length; i += 1) {
    const character = name[i] as string;
    if (character === ".") keys.push("");
    else if (character !== "\\") keys[keys.length - 1] += character;
    else {
      i += 1;
      keys[keys.length - 1] += name[i] ?? "";
    }
  }
  return keys;
}
