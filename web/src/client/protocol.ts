/**
 * The wire: every message of `tickcast.v1`, as types, with the numbers both sides agree on.
 * Knows no socket and no screen; `protocol/decode.ts` turns text into these types.
 *
 * Each type names its Rust twin, which is in `src/protocol/message.rs` unless it says otherwise. Instants and durations are
 * integer microseconds; instants count from the Unix epoch on the hub's timeline clock.
 */

/** The subprotocol that is offered; a hub that does not take it answers with bare records. */
export const SUBPROTOCOL = "tickcast.v1";

/** Close codes after which coming back would only be refused again. */
export const FINAL_CLOSE_CODES: ReadonlySet<number> = new Set([4400, 4401, 4403]);

/** How an epoch is spelled. Twin: `Epoch` in `src/protocol/epoch.rs`. */
export const EPOCH = /^[a-z0-9]{1,32}$/;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Twin: `TimelineView`. The running segment of a replayed topic; live topics have none. */
export interface TimelineSegment {
  seq0: number;
  t0: number;
  index0: number;
  /** Records per second. */
  rate: number;
  playing: boolean;
}

/** Twin: `FieldView`. What the operator wrote about one field of the records. */
export interface FieldLabel {
  label?: string | null;
  unit?: string | null;
}

/** Twin: `Hello`. First on every connection. */
export interface Hello {
  type: "hello";
  protocol: string;
  topic: string;
  epoch: string;
  /** The last publication due when the hub wrote this; 0 before the first. */
  seq: number;
  now: number;
  /** Whether everything after the position asked for follows; null when none was asked for. */
  recovered: boolean | null;
  delay: number;
  timeline: TimelineSegment | null;
  retained: { from: number; to: number } | null;
  dataset: { len: number; loop: boolean; sha256: string } | null;
  /** Bytes of the longest record that may come; a hub of an earlier version does not say. */
  record_max?: number;
  fields: Record<string, FieldLabel>;
  viewers: number;
}

/** Twin: `Publication` in `src/protocol/publication.rs`. One publication. */
export interface Data {
  type: "data";
  seq: number;
  t: number;
  data: Json;
}

/** Twin: `Publication`, several of them. Dense in `seq`; `dt` is their spacing, or each one's offset from `t`. */
export interface Batch {
  type: "batch";
  seq: number;
  t: number;
  dt: number | number[];
  data: Json[];
}

/** Twin: `Gap`. Publications that exist and are not sent. */
export interface Gap {
  type: "gap";
  from: number | null;
  to: number | null;
  reason: string;
}

/** Twin: `Jump` in `src/protocol/publication.rs`. The dataset goes on elsewhere; time and `seq` do not notice. */
export interface Jump {
  type: "jump";
  seq: number;
  t: number;
  index: number;
  reason: string;
}

/** Twin: `Message::State`. The timeline or the group's delay is different from `t` on. */
export interface State {
  type: "state";
  t: number;
  timeline: TimelineSegment | null;
  delay: number;
  by: Json;
}

/** Twin: `Message::End`. The dataset is over; `seq` and `t` are those of its last publication. */
export interface End {
  type: "end";
  seq: number;
  t: number;
}

/** Twin: `Message::Viewers`. How many watch this topic. */
export interface Viewers {
  type: "viewers";
  n: number;
}

/** Twin: `Message::Pong`. When the hub received our ping, and when it answered. */
export interface Pong {
  type: "pong";
  id: number;
  r: number;
  s: number;
}

/** Twin: `Message::Bye`. The hub is about to close; come back after a random delay in this range. */
export interface Bye {
  type: "bye";
  reason: string;
  retry_ms: [min: number, max: number];
}

export type HubMessage = Hello | Data | Batch | Gap | Jump | State | End | Viewers | Pong | Bye;

/** What a viewer asks for as it joins: all after a position, or the newest so many. Else it gets the topic's `backfill`. */
export type Joining = { readonly since: string } | { readonly last: number } | undefined;

/** When the record of a batch at this place is due, in microseconds. */
export function instantOf({ t, dt }: Batch, place: number): number {
  return t + (typeof dt === "number" ? dt * place : (dt[place] ?? 0));
}

/** The parts of `<epoch>:<seq>`; undefined: it is no position. */
export function readPosition(text: string): { epoch: string; seq: number } | undefined {
  const [, epoch = "", seq = ""] = /^([^:]*):(\d+)$/.exec(text) ?? [];
  const isPlace = EPOCH.test(epoch) && Number.isSafeInteger(Number(seq));
  return isPlace ? { epoch, seq: Number(seq) } : undefined;
}

/** Whether a hub can read it. What it cannot it refuses every time, and a browser hides why. */
export function isJoining(joining: Joining): boolean {
  if (joining === undefined) return true;
  if ("since" in joining) return readPosition(joining.since) !== undefined;
  return Number.isSafeInteger(joining.last) && joining.last >= 0;
}

/** The query of the address to connect to, with its question mark. */
export function encodeJoining(joining: Joining): string {
  if (joining === undefined) return "";
  return "since" in joining ? `?since=${encodeURIComponent(joining.since)}` : `?last=${joining.last}`;
}

/** Twin: `parse_ping`. The only thing a viewer ever says. */
export function encodePing(id: number): string {
  return `{"type":"ping","id":${id}}`;
}
