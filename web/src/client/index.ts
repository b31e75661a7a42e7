/** What the package `tickcast-client` offers. The page beside it takes what it needs from the files themselves. */

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
export type { Socket, Surroundings } from "./surroundings.ts";
