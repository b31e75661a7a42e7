/**
 * From samples back to messages: what a timeline shows, as the batches that would bring it about again.
 * Knows no storage and no hub.
 */

import type { Batch, Json, Jump } from "../protocol";
import type { Field } from "./field";
import { indexAt, type Samples } from "./ring";

/**
 * The samples after `from`: a batch for each piece of the line, and a jump where only that says why it breaks.
 * None at all if there are more than `most`: a part would be taken for the whole.
 */
export function record(samples: Samples, from: number, field: Field, most: number): (Batch | Jump)[] {
  const { times, seqs } = samples;
  const messages: (Batch | Jump)[] = [];
  const first = indexAt(times, from) + 1;
  if (times.length - first > most) return [];
  let nextSeq = Number.NaN;
  for (let begin = first; begin < times.length; ) {
    const end = endOfPiece(seqs, begin);
    if (end > begin) {
      const piece = batchOf(samples, begin, end, field);
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

function endOfPiece(seqs: Float64Array, begin: number): number {
  let end = begin;
  while (end < seqs.length && !Number.isNaN(seqs[end])) end += 1;
  return end;
}

function batchOf({ times, values, seqs }: Samples, begin: number, end: number, field: Field): Batch {
  const t = micros(times[begin] as number);
  const offsets = Array.from(times.subarray(begin, end), (time) => micros(time) - t);
  const period = offsets[1] ?? 0;
  const isEven = offsets.every((offset, i) => offset === period * i);
  const data = Array.from(values.subarray(begin, end), (value) => recordOf(value, field));
  return { type: "batch", seq: seqs[begin] as number, t, dt: isEven ? period : offsets, data };
}

/** A record that has nothing but the number drawn, or none. */
function recordOf(value: number, { name }: Field): Json {
  const number = Number.isFinite(value) ? value : null;
  return name === undefined ? number : { [name]: number };
}

/** Hub time is held in milliseconds; doubles of that size tell microseconds apart, but not without rounding. */
function micros(time: number): number {
  return Math.round(time * 1000);
}
