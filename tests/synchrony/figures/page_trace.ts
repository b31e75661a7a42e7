/** What one page drew and received, as columns on the tool's own clock, which all pages share. */

import { ARRIVAL, FRAME, type Recording } from "../clock_skew";

type Columns<Name extends string> = Readonly<Record<Name, Float64Array>>;

/** `at` and `drawnAt` are in milliseconds of the tool's clock, ascending. */
export interface PageTrace {
  readonly frames: Columns<(typeof FRAME)[number]>;
  readonly arrivals: Columns<(typeof ARRIVAL)[number]>;
}

/** `origin` is the tool's time at the page's time origin. */
export function pageTrace({ frames, arrivals }: Recording, origin: number): PageTrace {
  return { frames: columns(FRAME, frames, origin), arrivals: columns(ARRIVAL, arrivals, origin) };
}

/** A time span on the tool's clock. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

export function isWithin({ from, to }: TimeSpan, at: number): boolean {
  return at >= from && at <= to;
}

const TRUE_TIMES: ReadonlySet<string> = new Set(["at", "drawnAt"]);

function columns<Name extends string>(
  names: readonly Name[],
  rows: readonly number[],
  origin: number,
): Columns<Name> {
  const taken = names.map((name, column) => {
    const base = TRUE_TIMES.has(name) ? origin : 0;
    const length = rows.length / names.length;
    return [
      name,
      Float64Array.from({ length }, (_, i) => base + (rows[i * names.length + column] as number)),
    ];
  });
  return Object.fromEntries(taken);
}
