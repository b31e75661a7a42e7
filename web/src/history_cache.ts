/**
 * Fetches history from the hub and caches it as tiles. For every frame the view says which range it shows and
 * immediately gets the best tile available; a better one is requested in the background. It knows nothing of the live
 * stream: records that are not due yet are not in the history either.
 *
 * # One epoch
 * All tiles belong to the expected epoch. A response from another epoch is not shown but reported, and no further
 * requests are made until the epoch is settled.
 */

import { type Api, topicPath } from "./client/api";
import { defaultRuntime } from "./client/runtime";
import { type HistoryRecord, type HistoryResponse, readHistory } from "./history_cache/history_response";
import { type FetchStatus, type HistoryRuntime, RequestScheduler } from "./history_cache/request_scheduler";
import { isSufficient, toTile } from "./history_cache/tile";
import { TileStore } from "./history_cache/tile_store";
import {
  bucketMs,
  overlap,
  type TileRequest,
  tileRequestFor,
  toQuery,
  type VisibleRange,
} from "./history_cache/time_range";
import { type HubReply, requestFrom } from "./hub_request";
import type { TracePart } from "./scene";
import { type Field, fieldId } from "./topic_buffer/field";

export type HistoryChange =
  /** `tile`: a new tile is available; `status`: `status` has changed. */
  | { readonly kind: "tile" | "status" }
  /** The hub answered from this epoch, which is not the expected one. */
  | { readonly kind: "epoch"; readonly epoch: string }
  /** The hub does not serve this topic's history to this page: 401, 403 or 404. */
  | { readonly kind: "refused"; readonly status: number };

export interface HistoryCacheOptions {
  readonly api: Api;
  readonly topic: string;
  readonly onChange: (change: HistoryChange) => void;
  /** How many tiles are kept; by default, enough for a view that is panned back and forth. */
  readonly maxTiles?: number;
  /**
   * A view that reaches beyond the newest record is refetched when this share of the fetched range has passed, but not
   * more often than once a second.
   */
  readonly refetchShare?: number;
}

/**
 * The instant of a position, hub time in milliseconds, or why it cannot be resolved. `isEarlier` means that the position
 * is before the beginning, and the instant that of the oldest record.
 */
export type InstantLookup =
  | { readonly t: number; readonly isEarlier: boolean }
  | "other-epoch"
  | "not-due"
  | "unreachable";

/** Where the history begins, hub time in milliseconds; undefined if the hub has no history for this page. */
export type OldestLookup = number | undefined | "unreachable";

/**
 * Whether requests make sense: not before an epoch is expected, nor when the hub has another epoch or refuses the
 * topic.
 */
type HistoryAvailability = "unknown" | "served" | "other-epoch" | "refused";

/** Statuses that apply to the topic and this page, not to a single request. */
const FINAL_STATUSES: readonly number[] = [401, 403, 404];
const INSTANT_TIMEOUT_MS = 10_000;

type FieldId = ReturnType<typeof fieldId>;

/** One request, with the field it was made for. */
interface HistoryQuery {
  readonly request: TileRequest;
  readonly query: string;
  readonly field: Field;
  /** Whether the response is expected to contain every record of the range, and so serves all fields. */
  readonly isWhole: boolean;
}

export class HistoryCache {
  readonly #options: HistoryCacheOptions;
  readonly #runtime: HistoryRuntime;
  readonly #path: string;
  readonly #store: TileStore;
  readonly #requests: RequestScheduler<HistoryQuery>;
  /** Every field requested so far: a response with all records is converted for all of them. */
  readonly #fields = new Map<FieldId, Field>();
  /** The range that each field's view shows; what is not in it is not fetched. */
  readonly #visible = new Map<FieldId, { -readonly [K in keyof VisibleRange]: VisibleRange[K] }>();
  /** Fields for which the hub has no values. */
  readonly #refusedFields = new Set<FieldId>();
  /** The epoch of all tiles in `#store`. */
  #epoch: string | undefined;
  #availability: HistoryAvailability = "unknown";
  /** Records per millisecond in the newest response. */
  #density: number | undefined;

  constructor(options: HistoryCacheOptions, runtime: HistoryRuntime = defaultRuntime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#store = new TileStore(options.maxTiles);
    this.#path = `${topicPath(options.topic)}/history`;
    this.#requests = new RequestScheduler(
      {
        api: options.api,
        wanted: () => this.#wanted(),
        isUseful: (query) => this.#isUseful(query),
        onResponse: (answer, query) => this.#onResponse(answer, query),
        onRefused: (status, query) => this.#onRefused(status, query),
        onState: () => options.onChange({ kind: "status" }),
      },
      runtime,
    );
  }

  get status(): FetchStatus {
    return this.#availability === "refused" ? "failed" : this.#requests.state;
  }

  /**
   * Sets the epoch that is shown. Call it at every `hello`, which is also when a hub that failed earlier is worth
   * asking again.
   */
  setEpoch(epoch: string): void {
    if (epoch !== this.#epoch) {
      this.#requests.abort();
      this.#store.clear();
      this.#density = undefined;
    }
    this.#refusedFields.clear();
    this.#epoch = epoch;
    this.#availability = "served";
    this.#requests.retryNow();
  }

  /**
   * The best cached data for this range, hub time in milliseconds; it often covers more than the range, sometimes less.
   * Undefined if nothing is cached. The range stays wanted until `release` is called or another range is looked up.
   */
  lookup(from: number, to: number, columns: number, field: Field): TracePart | undefined {
    const id = fieldId(field);
    const range = this.#visible.get(id) ?? { from, to, columns };
    [range.from, range.to, range.columns] = [from, to, columns];
    this.#visible.set(id, range);
    this.#fields.set(id, field);
    if (to <= from) return undefined;
    if (!this.#store.hasEnough(range, id, this.#runtime.now())) this.#requests.schedule();
    return this.#store.best(range, id)?.parts.get(id);
  }

  /** Stops fetching because no view shows history. Cached tiles are kept. */
  release(): void {
    if (this.#visible.size === 0) return;
    this.#visible.clear();
    this.#requests.abort();
  }

  /** Resolves a position to its instant. */
  async instantOf(epoch: string, seq: number): Promise<InstantLookup> {
    const first = Math.max(1, seq);
    const found = await this.#recordOf(epoch, `from=${first}&to=${first}`);
    if (typeof found === "object") return { t: found.t / 1000, isEarlier: seq < found.seq };
    if (found !== "none") return found;
    const oldest = await this.#recordOf(epoch, "from=1&limit=1");
    if (typeof oldest === "object" && oldest.seq > seq) return { t: oldest.t / 1000, isEarlier: true };
    return typeof oldest === "object" || oldest === "none" ? "not-due" : oldest;
  }

  /** Finds the instant of the oldest record that can be fetched; `unreachable` is worth a retry. */
  async oldestInstant(): Promise<OldestLookup> {
    const reply = await this.#fetchOnce("from=1&limit=1&format=json");
    if (reply.kind === "refused") return undefined;
    if (reply.kind !== "answer") return "unreachable";
    const [item] = reply.answer.items;
    return item === undefined ? undefined : item.t / 1000;
  }

  async #recordOf(
    epoch: string,
    query: string,
  ): Promise<HistoryRecord | "none" | "other-epoch" | "unreachable"> {
    const reply = await this.#fetchOnce(`${query}&format=json`);
    if (reply.kind !== "answer") return "unreachable";
    if (reply.answer.epoch !== epoch) return "other-epoch";
    return reply.answer.items[0] ?? "none";
  }

  #fetchOnce(query: string): Promise<HubReply<HistoryResponse>> {
    const options = { timeoutMs: INSTANT_TIMEOUT_MS };
    return requestFrom(this.#options.api, `${this.#path}?${query}`, readHistory, options).reply;
  }

  #wanted(): { path: string; about: HistoryQuery }[] {
    if (this.#availability !== "served") return [];
    const now = this.#runtime.now();
    const open = [...this.#visible].filter(
      ([id, range]) =>
        range.to > range.from && !this.#refusedFields.has(id) && !this.#store.hasEnough(range, id, now),
    );
    const queries = open
      .filter(([id, range]) => !this.#requests.isInFlight((query) => this.#willSatisfy(query, id, range)))
      .map(([id, range]) => this.#queryFor(this.#fields.get(id) as Field, range));
    return queries
      .filter((one, i) => queries.findIndex((other) => isSame(one, other)) === i)
      .map((about) => ({ path: `${this.#path}?${about.query}`, about }));
  }

  #queryFor(field: Field, range: VisibleRange): HistoryQuery {
    const request = tileRequestFor(range);
    // With an unknown density, assume a complete answer: a single request is made until the response has shown it.
    const isWhole = (this.#density ?? 0) * (request.to - request.from) <= request.points;
    return { request, query: toQuery(request, field.name), field, isWhole };
  }

  /** Whether the response to this query will satisfy this range. */
  #willSatisfy(
    { request: { from, to, points }, field, isWhole }: HistoryQuery,
    id: FieldId,
    range: VisibleRange,
  ): boolean {
    if (!isWhole && fieldId(field) !== id) return false;
    const fineness = isWhole ? 0 : bucketMs({ from, to, points });
    return isSufficient({ from, to, bucketMs: fineness, freshUntil: undefined }, range, 0);
  }

  /**
   * A response that covers part of the view may arrive late: if every step of a moving view cancelled it, none ever
   * would.
   */
  #isUseful({ request, field }: HistoryQuery): boolean {
    const visible = this.#visible.get(fieldId(field));
    return visible !== undefined && overlap(request, visible) > 0;
  }

  #onResponse(answer: HistoryResponse, query: HistoryQuery): void {
    if (answer.epoch !== this.#epoch) {
      this.#stop("other-epoch");
      this.#options.onChange({ kind: "epoch", epoch: answer.epoch });
      return;
    }
    const [first, last] = [answer.items[0], answer.items.at(-1)];
    if (first !== undefined && last !== undefined && first !== last) {
      this.#density = (answer.total * 1000) / (last.t - first.t);
    }
    const source = { ...query, at: this.#runtime.now(), refetchShare: this.#options.refetchShare };
    this.#store.put(toTile(source, answer, [...this.#fields.values()]));
    this.#options.onChange({ kind: "tile" });
  }

  #onRefused(status: number, { field }: HistoryQuery): void {
    if (!FINAL_STATUSES.includes(status)) {
      this.#refusedFields.add(fieldId(field));
      return;
    }
    this.#stop("refused");
    this.#options.onChange({ kind: "refused", status });
  }

  #stop(availability: "other-epoch" | "refused"): void {
    this.#availability = availability;
    this.#requests.abort();
  }
}

function isSame(one: HistoryQuery, other: HistoryQuery): boolean {
  const { from, to } = other.request;
  return one.query === other.query || (other.isWhole && one.request.from === from && one.request.to === to);
}
