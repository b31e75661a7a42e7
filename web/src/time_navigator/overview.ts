/**
 * The overview of one series, or of where the records of a topic are, all of it at one resolution: columns of what has
 * been fetched, and columns that grow with the live samples. It keeps the live ones, so the past is fetched once and not
 * again for every step of the line.
 *
 * # No hole
 * Where live samples are missing, the live columns start over behind the gap, and everything before it is taken from the
 * history as soon as that has it.
 */

import type { TimeRange } from "../history_cache/time_range";
import type { TracePart } from "../scene";
import { indexAt, type Samples } from "../topic_buffer/sample_ring";
import {
  type OverviewColumn,
  OverviewColumns,
  type OverviewPoint,
  pointsOf,
  RECORDS,
  union,
} from "./overview_columns";

export class Overview {
  #live: OverviewColumns;
  /** The first instant of the live columns; infinite as long as they are empty. */
  #liveFrom = Number.POSITIVE_INFINITY;
  /** The newest sample in them. */
  #newest = Number.NEGATIVE_INFINITY;
  #fetched: OverviewColumns | undefined;
  /** What `#fetched` was computed from. */
  #source: Samples | undefined;
  #revision = 0;
  /** Whether it shows where records are instead of values. */
  #isOfRecords = false;

  constructor(columnMs: number) {
    this.#live = new OverviewColumns(columnMs);
  }

  /** Changes whenever columns have changed other than by growing. */
  get revision(): number {
    return this.#revision;
  }

  /** Everything before this instant has to be fetched. */
  get liveFrom(): number {
    return this.#liveFrom;
  }

  get columnMs(): number {
    return this.#live.columnMs;
  }

  /** Adds the live samples that are due at `newest`; the columns become `columnMs` long, a power of two. */
  follow(part: TracePart, newest: number, columnMs: number): void {
    const { samples } = part;
    this.#isOfRecords = part.column === RECORDS;
    this.#setLength(columnMs);
    let row = indexAt(samples, this.#newest);
    // The last one seen has left the buffer, so others may have, too.
    if (row < samples.begin || samples.times[row] !== this.#newest) {
      this.#restart();
      row = samples.begin - 1;
    }
    for (row += 1; row < samples.end && (samples.times[row] as number) <= newest; row += 1)
      this.#add(part, row);
    this.#liveFrom = Math.max(this.#liveFrom, this.#live.trim() ?? Number.NEGATIVE_INFINITY);
  }

  /** Sets the fetched samples; undefined if there are none yet. */
  setFetched(part: TracePart | undefined): void {
    if (part?.samples === this.#source && this.#fetched?.columnMs === (part && this.columnMs)) return;
    this.#source = part?.samples;
    // The history of records is that of a field of theirs.
    const shown = part && this.#isOfRecords ? { ...part, column: RECORDS } : part;
    this.#fetched = shown && OverviewColumns.from(shown, this.columnMs);
    this.#revision += 1;
  }

  /** The columns that hold a value or a break, in order of time. */
  points(range: TimeRange): OverviewPoint[] {
    const indices = { from: this.#live.indexOf(range.from), to: this.#live.indexOf(range.to) };
    return pointsOf(indices, this.columnMs, (index) => this.#columnAt(index), this.#isOfRecords);
  }

  #columnAt(index: number): OverviewColumn | undefined {
    const live = this.#live.at(index);
    const first = this.#live.indexOf(this.#liveFrom);
    // The first live column may lack its beginning.
    if (index > first) return live;
    const fetched = this.#fetched?.at(index);
    return live === undefined || fetched === undefined ? (live ?? fetched) : union(fetched, live);
  }

  #add(part: TracePart, row: number): void {
    const { times, seqs } = part.samples;
    const time = times[row] as number;
    if (Number.isNaN(seqs[row])) this.#restart();
    else {
      this.#liveFrom = Math.min(this.#liveFrom, time);
      this.#live.add(part, row);
    }
    this.#newest = time;
  }

  #restart(): void {
    this.#live = new OverviewColumns(this.columnMs);
    this.#liveFrom = Number.POSITIVE_INFINITY;
    this.#revision += 1;
  }

  #setLength(columnMs: number): void {
    if (columnMs === this.columnMs) return;
    this.#revision += 1;
    while (this.columnMs < columnMs) this.#live = this.#live.coarser();
    if (this.columnMs === columnMs) return;
    // Finer columns come from the samples again.
    this.#live = new OverviewColumns(columnMs);
    this.#liveFrom = Number.POSITIVE_INFINITY;
    this.#newest = Number.NEGATIVE_INFINITY;
  }
}
