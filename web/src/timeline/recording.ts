/**
 * From samples back to messages: what a timeline shows, as the batches that would bring it about again.
 * Knows no storage and no hub.
 */

import type { Batch, Json, Jump } from "../client/protocol";
import type { Field } from "./field";
import { indexAt, type Samples } from "./ring";

/**
 * The samples after `from`: a batch for each piece of the line, and a jump where only that says why it breaks.
 * None at all if there are more than `most`: a part would be taken for the whole.
 */
export function record(
  samples: Samples,
  from: number,
  fields: readonly Field[],
  most: number,
): (Batch | Jump)[] {
  const { times } = samples;
  const messages: (Batch | Jump)[] = [];
  const first = indexAt(samples, from) + 1;
  if (samples.end - first > most) return [];
  let nextSeq = Number.NaN;
  for (let begin = first; begin < samples.end; ) {
    const end = endOfPiece(samples, begin);
    if (end > begin) {
      const piece = batchOf(samples, begin, end, fields);
      // A step in `seq` breaks the line by itself.
      if (piece.seq === nextSeq) messages.push(jumpAt(times[begin] as number, piece.seq));
      messages.push(piece);
      nextSeq = piece.seq + piece.data.length;
    }
    begin = end + 1;
  }
  return messages;
}

/** Stands for whatever no line may cross from this instant on: a move, or a rest of the timeline. */
export function jumpAt(at: number, seq: number): Jump {
  return { type: "jump", seq, t: micros(at), index: 0, reason: "seek" };
}

function endOfPiece({ seqs, end }: Samples, begin: number): number {
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
  return { type: "batch", seq: seqs[begin] as number, t, dt: isEven ? period : offsets, data };
}

/** A record that has nothing but the numbers drawn. */
function recordOf({ columns }: Samples, row: number, fields: readonly Field[]): Json {
  const named: [string, Json][] = [];
  for (const [i, { name }] of fields.entries()) {
    const value = columns[i]?.[row];
    if (value === undefined || Number.isNaN(value)) continue;
    if (name === undefined) return value;
    named.push([name, value]);
  }
  // Not by assignment: a field may be called `__proto__`.
  return Object.fromEntries(named);
}

/** Hub time is held in milliseconds; doubles of that size tell microseconds apart, but not without rounding. */
function micros(time: number): number {
  return Math.round(time * 1000);
}
