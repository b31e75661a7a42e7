/**
 * The wire protocol: every message of `tickcast.v1` as a type, and the constants that both sides agree on. Knows no
 * socket and no screen; `protocol/decode.ts` turns text into these types.
 *
 * Each type names its twin: the code of the hub that has to change with it. Instants and durations are integer
 * microseconds; instants are since the Unix epoch on the hub's timeline clock.
 */

/** The WebSocket subprotocol; without it the hub sends bare records. */
export const SUBPROTOCOL = "tickcast.v1";

/** Close codes after which another attempt would be rejected too. */
export const FINAL_CLOSE_CODES: ReadonlySet<number> = new Set([4400, 4401, 4403]);

/** Format of an epoch. Twin: `Epoch` in `src/protocol/epoch.rs`. */
export const EPOCH = /^[a-z0-9]{1,32}$/;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Twin: `TimelineView` in `src/protocol/message.rs`. The current segment of a replay topic; live topics have none. */
export interface TimelineSegment {
  seq0: number;
  t0: number;
  index0: number;
  /**
   * Dataset time at `t0` in microseconds, in the lap of `index0`; null: the record at `index0` is due then. Absent in
   * earlier versions of the hub.
   */
  position0?: number | null;
  /** Records per second of dataset time; null if the records have time stamps. */
  rate: number | null;
  /** How many times faster than time dataset time goes by; absent in earlier versions of the hub: 1. */
  speed?: number;
  playing: boolean;
}

/** Twin: `FieldView` in `src/protocol/field_view.rs`. How the operator displays one field of the records. */
export interface FieldLabel {
  label?: string | null;
  unit?: string | null;
  /** The ends of the value axis; absent where it is automatic. */
  min?: number | null;
  max?: number | null;
  /** Values above this one are out of the ordinary, or those outside of this range. */
  warn?: number | [low: number, high: number] | null;
}

/** Twin: `Hello` in `src/protocol/message.rs`. The first message on every connection. */
export interface Hello {
  type: "hello";
  protocol: string;
  topic: string;
  epoch: string;
  /** The last publication due when the hub sent this; 0 before the first. */
  seq: number;
  now: number;
  /** Whether everything after the requested position follows; null if none was requested. */
  recovered: boolean | null;
  delay: number;
  timeline: TimelineSegment | null;
  retained: { from: number; to: number } | null;
  dataset: { len: number; loop: boolean; sha256: string } | null;
  /** Size of the longest possible record in bytes; absent in earlier versions of the hub. */
  record_max?: number;
  fields: Record<string, FieldLabel>;
  viewers: number;
  /**
   * The state in force where the records begin, or at the drawn instant if that is earlier, and every later one, in
   * order of `t`; absent in earlier versions of the hub.
   */
  states?: Omit<State, "type">[];
}

/** Twin: `RecordsText` in `src/protocol/flush/records_text.rs`. One publication. */
export interface Data {
  type: "data";
  seq: number;
  t: number;
  data: Json;
}

/**
 * Twin: `RecordsText` in `src/protocol/flush/records_text.rs`. Several publications, contiguous in `seq`; `dt` is their
 * spacing, or each one's offset from `t`.
 */
export interface Batch {
  type: "batch";
  seq: number;
  t: number;
  dt: number | number[];
  data: Json[];
}

/** Twin: `Gap` in `src/protocol/message.rs`. Publications that exist and are not sent. */
export interface Gap {
  type: "gap";
  from: number | null;
  to: number | null;
  reason: string;
}

/**
 * Twin: `jump_json` in `src/protocol/flush/records_text.rs`. The dataset continues elsewhere; time and `seq` are
 * unaffected.
 */
export interface Jump {
  type: "jump";
  seq: number;
  t: number;
  index: number;
  reason: string;
}

/**
 * Twin: `StateView` in `src/protocol/message.rs`. The timeline or the playout delay changes at `t`: for drawing, when the drawn instant reaches
 * `t`. Sent as soon as it is decided, so records from before `t` may follow. Replaces states with the same or a later
 * `t`.
 */
export interface State {
  type: "state";
  t: number;
  timeline: TimelineSegment | null;
  delay: number;
  by: Json;
}

/** Twin: `Message::End` in `src/protocol/message.rs`. The dataset has ended; `seq` and `t` are those of its last publication. */
export interface End {
  type: "end";
  seq: number;
  t: number;
}

/** Twin: `Message::Viewers` in `src/protocol/message.rs`. The topic's number of viewers. */
export interface Viewers {
  type: "viewers";
  n: number;
}

/** Twin: `Message::Pong` in `src/protocol/message.rs`. When the hub received our ping, and when it answered. */
export interface Pong {
  type: "pong";
  id: number;
  r: number;
  s: number;
}

/**
 * Twin: `Message::Bye` in `src/protocol/message.rs`. The hub is about to close the connection; reconnect after a random
 * delay in this range.
 */
export interface Bye {
  type: "bye";
  reason: string;
  retry_ms: [min: number, max: number];
}

export type HubMessage = Hello | Data | Batch | Gap | Jump | State | End | Viewers | Pong | Bye;

/**
 * What a viewer requests when it joins: everything after a position, or the newest records; otherwise it gets the
 * topic's `backfill`.
 */
export type Joining = { readonly since: string } | { readonly last: number } | undefined;

/** A topic, or the hub's default topic if undefined, and where to join it. */
export interface TopicRequest {
  readonly topic: string | undefined;
  readonly joining: Joining;
}

/** When the record at this index of a batch is due, in microseconds. */
export function instantOf({ t, dt }: Batch, index: number): number {
  return t + (typeof dt === "number" ? dt * index : (dt[index] ?? 0));
}

/** Twin: `Position` in `src/protocol/position.rs`. Parses `<epoch>:<seq>`; undefined if it is not a position. */
export function readPosition(text: string): { epoch: string; seq: number } | undefined {
  const [, epoch = "", seq = ""] = /^([^:]*):(\d+)$/.exec(text) ?? [];
  const isPosition = EPOCH.test(epoch) && Number.isSafeInteger(Number(seq));
  return isPosition ? { epoch, seq: Number(seq) } : undefined;
}

/**
 * Whether a hub can parse the request. One that it cannot parse is rejected every time, and browsers hide the reason.
 */
export function isJoining(joining: Joining): boolean {
  if (joining === undefined) return true;
  if ("since" in joining) return readPosition(joining.since) !== undefined;
  return Number.isSafeInteger(joining.last) && joining.last >= 0;
}

/** The query string of the WebSocket URL, with its question mark. */
export function encodeJoining(joining: Joining): string {
  if (joining === undefined) return "";
  return "since" in joining ? `?since=${encodeURIComponent(joining.since)}` : `?last=${joining.last}`;
}

/**
 * Twin: `ViewerReport` in `src/protocol/viewer_text.rs`. How well a page draws, since its last report; at most one in ten
 * seconds.
 */
export interface Report {
  type: "report";
  seconds: number;
  /** Upper bound of the error of the page's clock. */
  bound_us: number;
  /** Publications received live, and those of them that arrived after they were to be drawn. */
  received: number;
  late: number;
  /** Publications that never arrived. */
  missed: number;
  /** Animation frames that were drawn, and those that were left out. */
  frames: number;
  dropped: number;
}

/** Twin: `ViewerText` in `src/protocol/viewer_text.rs`. */
export function encodePing(id: number): string {
  return `{"type":"ping","id":${id}}`;
}
