/** Converts samples back into the messages that would recreate them. Knows no storage and no hub. */

import type { PlayoutState } from "../client/playout";
import type { Batch, Json, Jump, State } from "../client/protocol";
import { setSpelling } from "../exact_json";
import type { Field, RecordPlace } from "./field";
import { type FieldPath, pathOf, valueAt } from "./field_path";
import { indexAt, type Samples, spellingAt } from "./sample_ring";

type JsonObject = Record<string, Json>;

/**
 * The samples after `from`: one batch per unbroken run, and a jump where nothing else explains the break. Empty if
 * there are more than `most`, or if the samples do not say all that is shown: a part would be mistaken for the whole.
 */
export function snapshotMessages(
  samples: Samples,
  from: number,
  fields: readonly Field[],
  most: number,
): (Batch | Jump)[] {
  const { times } = samples;
  const messages: (Batch | Jump)[] = [];
  const first = indexAt(samples, from) + 1;
  // Texts and arrays are not among the samples: the hub has to be asked for them again.
  const isWhole = fields.every(({ kind = "state" }) => kind === "state");
  if (!isWhole || samples.end - first > most) return [];
  let nextSeq = Number.NaN;
  for (let begin = first; begin < samples.end; ) {
    const end = endOfRun(samples, begin);
    if (end > begin) {
      const run = batchOf(samples, begin, end, fields);
      // A gap in `seq` breaks the line by itself.
      if (run.seq === nextSeq) messages.push(jumpAt(times[begin] as number, run.seq));
      messages.push(run);
      nextSeq = run.seq + run.data.length;
    }
    begin = end + 1;
  }
  return messages;
}

/** The message that announced a state. */
export function stateMessage({ at, segment, delayMs }: PlayoutState): State {
  return {
    type: "state",
    t: micros(at),
    timeline: segment ?? null,
    delay: micros(delayMs),
    by: null,
  };
}

/** A jump that breaks the line at this instant. */
export function jumpAt(at: number, seq: number): Jump {
  return { type: "jump", seq, t: micros(at), index: 0, reason: "seek" };
}

function endOfRun({ seqs, end }: Samples, begin: number): number {
  let row = begin;
  while (row < end && !Number.isNaN(seqs[row])) row += 1;
  return row;
}

function batchOf(samples: Samples, begin: number, end: number, fields: readonly Field[]): Batch {
  const { times, seqs } = samples;
  const t = micros(times[begin] as number);
  const offsets = Array.from(times.subarray(begin, end), (time) => micros(time) - t);
  const period = offsets[1] ?? 0;
  const isEven = offsets.every((offset, i) => offset === period * i);
  const data = offsets.map((_, i) => recordOf(samples, begin + i, fields));
  for (let i = 0; i < data.length; i += 1) spellRecord(samples, begin + i, fields, { holder: data, key: i });
  return { type: "batch", seq: seqs[begin] as number, t, dt: isEven ? period : offsets, data };
}

/** A record with only what is drawn as lines and bands. */
function recordOf(samples: Samples, row: number, fields: readonly Field[]): Json {
  const record: JsonObject = {};
  for (const [i, { name, isText, states }] of fields.entries()) {
    const sample = samples.columns[i]?.[row];
    if (sample === undefined || Number.isNaN(sample)) continue;
    const number = isText ? (spellingAt(samples, i, row) ?? String(sample)) : sample;
    const value = states === undefined ? number : (states.valueOf(sample) ?? null);
    if (name === undefined) return value;
    putAt(record, pathOf(name), value);
  }
  return record;
}

/** Sets a value in nested objects, which are created. */
function putAt(record: JsonObject, path: FieldPath, value: Json): void {
  let object = record;
  for (const [i, key] of path.entries()) {
    const next = Object.hasOwn(object, key) ? object[key] : undefined;
    const inner = i + 1 === path.length ? value : (next ?? {});
    // Not by assignment, because a field may be named `__proto__`.
    Object.defineProperty(object, key, {
      value: inner,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    object = inner as JsonObject;
  }
}

/** Restores how the record at this place spells its numbers. */
function spellRecord(
  samples: Samples,
  row: number,
  fields: readonly Field[],
  { holder, key }: RecordPlace,
): void {
  const record = (holder as Json[])[key as number] as Json;
  for (const [column, { name, isText }] of fields.entries()) {
    const spelling = spellingAt(samples, column, row);
    // That of a text is its value.
    if (spelling === undefined || isText) continue;
    const path = pathOf(name);
    const last = path.at(-1);
    if (last === undefined) setSpelling(holder, key, spelling);
    else setSpelling(valueAt(record, path.slice(0, -1)) as object, last, spelling);
  }
}

/** Hub time is held in milliseconds; doubles of that size can represent microseconds, but only after rounding. */
function micros(time: number): number {
  return Math.round(time * 1000);
}
