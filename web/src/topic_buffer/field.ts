/**
 * A field: one named value of a record, with the operator's label; and the fields of a topic, which are learned from its
 * records. Knows no samples.
 *
 * # Kinds
 * The values decide what a field is, each for itself: numbers are a line, other short values a band of states. A key
 * with values of both kinds is two fields, so that both are seen and neither flickers. States become a text once they
 * are too many or too long, and remain it.
 *
 * # Names
 * A value in a nested object has the names of all keys that lead to it, as in `a.b`; see `field_path.ts`.
 *
 * # Stable order
 * Within an epoch a field keeps its index, whatever later records and labels say: a line must not change its meaning or
 * colour. A field that records no longer have just has no more values.
 */

import type { FieldLabel, Json } from "../client/protocol";
import { spellingOf } from "../exact_json";
import { type AxisLimits, configuredLimits } from "./axis_limits";
import { forEachValue, pathOf, valueAt } from "./field_path";
import { isNumber, isNumberList, isStateValue, numberOf, StateValues } from "./values";

export type Labels = Readonly<Record<string, FieldLabel>>;

export type FieldKind = "number" | "state" | "text" | "list";

export interface Field {
  /** As the hub calls it; undefined if the record itself is the value. */
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly unit: string | undefined;
  /** As configured by the operator; undefined if nothing is. */
  readonly limits?: AxisLimits | undefined;
  /** Whether records have its numbers as text, at least some of them. */
  readonly isText?: boolean;
  /** A number by default. */
  readonly kind?: FieldKind;
  /** Of a state: what the codes in its samples stand for. Everything else has numbers in its samples. */
  readonly states?: StateValues;
}

/** Receives a value of the record that is read, for the field at this index. */
export type PutValue = (index: number, value: number) => void;

/** Name used in labels, URLs and `fieldKey` for a record that is itself the value. */
const UNNAMED_FIELD = "value";

/**
 * Of each kind: names that never repeat must not exhaust memory. Further fields are not kept here; the history API has
 * them.
 */
export const FIELDS_MAX = 64;
/** Further numbers are counted up to here. */
const UNLISTED_MAX = 1_000;

/** The column of a field: everything that the records have under its name. */
export function columnName({ name }: Pick<Field, "name">): string {
  return name ?? UNNAMED_FIELD;
}

/** What a value is, before others have been seen: a text begins as a state. */
type ValueKind = Exclude<FieldKind, "text">;

/** Identifies a series among all topics. */
export function fieldKey(topic: string, { name, kind = "number" }: Pick<Field, "name" | "kind">): string {
  const suffix = kind === "number" ? "" : `#${valueKind(kind)}`;
  return `${topic}/${name ?? UNNAMED_FIELD}${suffix}`;
}

/** Identifies a field among those of its topic; that of a number is its name. */
export function fieldId({ name, kind = "number" }: Pick<Field, "name" | "kind">): string | undefined {
  return kind === "number" ? name : `${valueKind(kind)}\0${name ?? ""}`;
}

/**
 * Returns the field of this name with its label; without a name, the record itself. The label of a key with a dot may
 * be configured without the backslash, unless that is the name of another field.
 */
function describeField(name: string | undefined, labels: Labels, isOther: (name: string) => boolean): Field {
  const key = labelKey(name, labels, isOther);
  const label = key === undefined ? undefined : labels[key];
  const plain = name === undefined ? undefined : pathOf(name).join(".");
  // Without a label a key with a dot is shown as it is in the records, without a backslash.
  const shown = label?.label || (plain === name ? undefined : plain);
  return { name, label: shown, unit: label?.unit || undefined, limits: configuredLimits(label) };
}

/** Returns the field's sample for this record: NaN, which breaks the line, if it has no value of the field's kind. */
export function readField(record: Json, field: Field): number {
  const value = valueAt(record, pathOf(field.name));
  return kindOf(value) === valueKind(field.kind) ? sampleOf(value, field) : Number.NaN;
}

/** Where a record was found in a parsed message: its value under `key` of `holder`. */
export interface RecordPlace {
  readonly holder: object;
  readonly key: string | number;
}

/** A number that is a text and longer than this may be one that a double does not hold. */
const SHORT_TEXT = 15;

/** How the record spells the number of this field; undefined if the double that `readField` returns says it all. */
export function readSpelling(record: Json, { name, kind }: Field, place: RecordPlace): string | undefined {
  if (kind !== undefined) return undefined;
  const path = pathOf(name);
  const key = path.at(-1);
  if (key === undefined) return spellingIn(record, place.holder, place.key);
  const holder = valueAt(record, path.slice(0, -1));
  const isHolder = holder !== null && typeof holder === "object" && Object.hasOwn(holder, key);
  return isHolder ? spellingIn((holder as Record<string, Json>)[key], holder, key) : undefined;
}

function spellingIn(value: Json | undefined, holder: object, key: string | number): string | undefined {
  if (typeof value === "number") return spellingOf(holder, key);
  const text = isNumber(value) ? String(value).trim().replace("+", "") : "";
  return text.length > SHORT_TEXT ? text : undefined;
}

/** The fields of a topic. */
export class FieldSet {
  #labels: Labels = {};
  #list: readonly Field[] = [];
  /** For each kind, the index in `#list` by name. */
  readonly #indices: Indices = { number: new Map(), state: new Map(), list: new Map() };
  /** Names of numbers beyond the maximum. */
  readonly #unlisted = new Set<string | undefined>();

  /** A new array whenever anything about the fields has changed. */
  get list(): readonly Field[] {
    return this.#list;
  }

  /** Replaces the labels. */
  relabel(labels: Labels): void {
    if (JSON.stringify(labels) === JSON.stringify(this.#labels)) return;
    this.#labels = labels;
    this.#describe();
  }

  /** Passes the samples of a record to `put`, and learns its fields. */
  read(record: Json, put: PutValue): void {
    let hasNews = false;
    const visit = (name: string | undefined, value: Json) => {
      const kind = kindOf(value);
      if (kind === undefined) return;
      const index = this.#indices[kind].get(name);
      if (index !== undefined) put(index, this.#sample(index, value));
      else if (this.#indices[kind].size < FIELDS_MAX) hasNews = true;
      else if (kind === "number" && this.#unlisted.size < UNLISTED_MAX) this.#unlisted.add(name);
    };
    forEachValue(record, visit);
    if (!hasNews) return;
    this.#learn(record);
    forEachValue(record, visit);
  }

  /** The labels belong to the topic and stay. */
  clear(): void {
    this.#list = [];
    for (const indices of Object.values(this.#indices)) indices.clear();
    this.#unlisted.clear();
  }

  /** How many numbers are beyond the maximum of fields; counted up to a limit. */
  get unlisted(): number {
    return this.#unlisted.size;
  }

  /** The sample for a value; what the value says about its field is noted. */
  #sample(index: number, value: Json): number {
    const field = this.#list[index] as Field;
    const sample = sampleOf(value, field);
    if (field.states?.areTexts) this.#change(index, { kind: "text", states: undefined });
    else if (field.kind === undefined && typeof value === "string" && !field.isText)
      this.#change(index, { isText: true });
    return sample;
  }

  #change(index: number, changes: { [K in "kind" | "states" | "isText"]?: Field[K] | undefined }): void {
    const { states: _, ...rest } = this.#list[index] as Field;
    const changed = { ...rest, ...changes } as Field;
    this.#list = this.#list.map((field, i) => (i === index ? changed : field));
  }

  /** Adds fields that appear first in this record: labelled ones in the order of the labels, then the others. */
  #learn(record: Json): void {
    const found: { readonly name: string | undefined; readonly kind: ValueKind }[] = [];
    forEachValue(record, (name, value) => {
      const kind = kindOf(value);
      if (kind !== undefined && !this.#indices[kind].has(name)) found.push({ name, kind });
    });
    const order = Object.keys(this.#labels);
    const names = new Set(found.map(({ name }) => name));
    const rank = (name: string | undefined) => {
      const key = labelKey(name, this.#labels, (other) => names.has(other));
      return key === undefined || name === undefined ? order.length : order.indexOf(key);
    };
    const list = [...this.#list];
    for (const { name, kind } of found.sort((a, b) => rank(a.name) - rank(b.name))) {
      if (this.#indices[kind].size === FIELDS_MAX) continue;
      this.#indices[kind].set(name, list.length);
      const field = { name, label: undefined, unit: undefined };
      if (kind === "number") list.push(field);
      else list.push(kind === "list" ? { ...field, kind } : { ...field, kind, states: new StateValues() });
    }
    this.#list = list;
    this.#describe();
  }

  #describe(): void {
    const names = new Set(this.#list.map(({ name }) => name));
    const described = (field: Field) => ({
      ...field,
      ...describeField(field.name, this.#labels, (name) => names.has(name)),
    });
    this.#list = this.#list.map(described);
  }
}

type Indices = Readonly<Record<ValueKind, Map<string | undefined, number>>>;

/** What a value is; undefined if it is nothing that is shown over time. */
function kindOf(value: Json | undefined): ValueKind | undefined {
  if (isNumber(value)) return "number";
  if (isStateValue(value)) return "state";
  return isNumberList(value) ? "list" : undefined;
}

function valueKind(kind: FieldKind = "number"): ValueKind {
  return kind === "text" ? "state" : kind;
}

/** The sample of a value of the field's kind: its number, the code of a state, the length of a list. */
function sampleOf(value: Json | undefined, { states }: Field): number {
  if (Array.isArray(value)) return value.length;
  if (!isNumber(value) && isStateValue(value)) return states?.codeOf(value) ?? 0;
  return numberOf(value);
}

/** The key under which a field is labelled; undefined if it has no label. */
function labelKey(
  name = UNNAMED_FIELD,
  labels: Labels,
  isOther: (name: string) => boolean,
): string | undefined {
  const [key = name, ...rest] = pathOf(name);
  const keys = rest.length > 0 || (key !== name && isOther(key)) ? [name] : [name, key];
  return keys.find((one) => Object.hasOwn(labels, one));
}
