/** The public API of the package `tickcast-client`. The page next to it imports from the individual files. */

export { Client, type ClientEvents, type ClientOptions, type Publication } from "./client.ts";
export type { HubClock } from "./clock.ts";
export type { Link, Refusal } from "./connection.ts";
export {
  type Batch,
  type Bye,
  type Data,
  type End,
  type FieldLabel,
  type Gap,
  type Hello,
  type HubMessage,
  instantOf,
  type Joining,
  type Json,
  type Jump,
  type Pong,
  type State,
  type TimelineSegment,
  type Viewers,
} from "./protocol.ts";
export type { Runtime, Socket, SocketClass } from "./runtime.ts";
