/** What one page drew and received, as columns over the tool's own clock: the one time that all pages share. */

import { ARRIVAL, FRAME, type Recording } from "../disguise";

type Columns<Name extends string> = Readonly<Record<Name, Float64Array>>;

/** `at` and `drawnAt` are in milliseconds of the tool's clock, in ascending order. */
export interface Seen {
  readonly frames: Columns<(typeof FRAME)[number]>;
  readonly arrivals: Columns<(typeof ARRIVAL)[number]>;
}

/** `origin`: the tool's time at the page's time origin. */
export function seenBy({ frames, arrivals }: Recording, origin: number): Seen {
  return { frames: columns(FRAME, frames, origin), arrivals: columns(ARRIVAL, arrivals, origin) };
}

/** A span of the tool's clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export function isWithin({ from, to }: Span, at: number): boolean {
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
