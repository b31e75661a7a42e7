/** The fixed ends of a value axis and the thresholds of a field: from the hub's configuration, or chosen on the page. */

import type { FieldLabel } from "../client/protocol";

/** Undefined where the axis is automatic or there is no threshold. */
export interface AxisLimits {
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Values below or above these are out of the ordinary. */
  readonly warnBelow: number | undefined;
  readonly warnAbove: number | undefined;
}

/** The limits that the hub has configured for a field; undefined if there are none. */
export function configuredLimits(label: FieldLabel | undefined): AxisLimits | undefined {
  const { min, max, warn } = label ?? {};
  if ([min, max, warn].every((limit) => limit === undefined || limit === null)) return undefined;
  const isPair = Array.isArray(warn);
  return {
    min: min ?? undefined,
    max: max ?? undefined,
    warnBelow: isPair ? warn[0] : undefined,
    warnAbove: (isPair ? warn[1] : warn) ?? undefined,
  };
}

/** Which threshold a value has crossed, if any. */
export function crossedBy(value: number, { warnBelow, warnAbove }: AxisLimits): "low" | "high" | undefined {
  if (warnAbove !== undefined && value > warnAbove) return "high";
  return warnBelow !== undefined && value < warnBelow ? "low" : undefined;
}
