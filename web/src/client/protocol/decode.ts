/**
 * Parses the text of a frame into a validated `HubMessage`. Each frame is judged on its own; whether `seq` is
 * contiguous is up to the receiver.
 */

import { EPOCH, type HubMessage } from "../protocol.ts";

type Check = (value: unknown) => boolean;
type Checks<M extends HubMessage> = { readonly [F in Exclude<keyof M, "type">]-?: Check };
type CheckTable = { readonly [T in HubMessage["type"]]: Checks<Extract<HubMessage, { type: T }>> };

const isText: Check = (value) => typeof value === "string";
const isEpoch: Check = (value) => typeof value === "string" && EPOCH.test(value);
const isFlag: Check = (value) => typeof value === "boolean";
const isWhole: Check = (value) => Number.isSafeInteger(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isPositive: Check = (value) => Number.isFinite(value) && (value as number) > 0;
const isPresent: Check = (value) => value !== undefined;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);
const arrayOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shaped =
  (checks: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && fits(value, checks);

const isTimeline = shaped({
  seq0: isCount,
  t0: isWhole,
  index0: isCount,
  position0: orAbsent(isWhole),
  rate: orNull(isPositive),
  speed: orAbsent(isPositive),
  playing: isFlag,
});
const isPair: Check = (value) => arrayOf(Number.isFinite)(value) && (value as number[]).length === 2;
const isLabel = shaped({
  label: orAbsent(isText),
  unit: orAbsent(isText),
  min: orAbsent(Number.isFinite),
  max: orAbsent(Number.isFinite),
  warn: orAbsent((value) => Number.isFinite(value) || isPair(value)),
});
const stateChecks = { t: isWhole, timeline: orNull(isTimeline), delay: isCount, by: () => true };
const isRange: Check = (value) => arrayOf(isCount)(value) && (value as number[]).length === 2;

/** The compiler keeps this table complete: a field added to a message does not compile without a check. */
const TABLE: CheckTable = {
  hello: {
    protocol: isText,
    topic: isText,
    epoch: isEpoch,
    seq: isCount,
    now: isWhole,
    recovered: orNull(isFlag),
    delay: isCount,
    timeline: orNull(isTimeline),
    retained: orNull(shaped({ from: isCount, to: isCount })),
    dataset: orNull(shaped({ len: isCount, loop: isFlag, sha256: isText })),
    record_max: (value) => value === undefined || isCount(value),
    fields: (value) => isObject(value) && Object.values(value).every(isLabel),
    viewers: isCount,
    states: (value) => value === undefined || arrayOf(shaped(stateChecks))(value),
  },
  data: { seq: isCount, t: isWhole, data: isPresent },
  batch: {
    seq: isCount,
    t: isWhole,
    dt: (value) => isCount(value) || arrayOf(isCount)(value),
    data: Array.isArray,
  },
  gap: { from: orNull(isCount), to: orNull(isCount), reason: isText },
  jump: { seq: isCount, t: isWhole, index: isCount, reason: isText },
  state: stateChecks,
  end: { seq: isCount, t: isWhole },
  viewers: { n: isCount },
  pong: { id: isCount, r: isWhole, s: isWhole },
  bye: { reason: isText, retry_ms: isRange },
};

/**
 * Returns the message, read by `parse`, or undefined if its type is unknown or a field is invalid. Such a frame is best ignored: if it
 * held publications, the hole in `seq` is shown as a gap.
 */
export function decode(text: string, parse: (text: string) => unknown = JSON.parse): HubMessage | undefined {
  const value = parsed(text, parse);
  if (!isObject(value) || typeof value.type !== "string" || !Object.hasOwn(TABLE, value.type))
    return undefined;
  if (!fits(value, TABLE[value.type as HubMessage["type"]])) return undefined;
  // The table has just verified what this cast claims.
  const message = value as unknown as HubMessage;
  return message.type === "batch" && Array.isArray(message.dt) && message.dt.length !== message.data.length
    ? undefined
    : message;
}

function fits(value: Record<string, unknown>, checks: Readonly<Record<string, Check>>): boolean {
  return Object.entries(checks).every(([name, check]) => check(value[name]));
}

function parsed(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
