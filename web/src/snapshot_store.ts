/**
 * Keeps a snapshot of the visible records across a reload, as a short stream of the hub's own messages in the tab's
 * session storage. It stores and reads text and knows nothing of the buffer or of time; what it reads passes through
 * the decoder like any external input.
 *
 * # Optional
 * Storage may be forbidden, or hold anything. Then nothing is kept, and the page joins like a new one. If there is no
 * room for the records, only `hello` is kept, and the page asks the hub for its window.
 */

import type { HubMessage } from "./client/protocol";
import { decode } from "./client/protocol/decode";
import { parseExact, stringifyExact } from "./exact_json";
import type { ClockReading } from "./wall_clock";

export interface Snapshot extends ClockReading {
  /** `hello` first. */
  readonly messages: readonly HubMessage[];
}

/** The part of `Storage` that is used here. */
export type SessionStorageArea = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface SnapshotStoreOptions {
  /** May throw: some browsers refuse access to the storage object. */
  readonly store: () => SessionStorageArea;
  /** The topic named in the URL; undefined for the hub's default topic. */
  readonly topic: string | undefined;
  /** The time window that the page shows. */
  readonly windowMs: number;
}

/** The first line of the stored text; the messages follow, one per line. */
interface SnapshotHeader extends ClockReading {
  readonly form: number;
  readonly windowMs: number;
}

/** Version of the stored format, raised with every change; other versions are ignored. */
const FORMAT_VERSION = 2;

/** Five minutes at 100 records per second, about 500 kB. Longer windows are better fetched from the hub than stored. */
export const RECORDS_MAX = 32_768;

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #key: string;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#key = `tickcast:${options.topic ?? ""}`;
  }

  /** Reads the snapshot; undefined if it is missing or not usable. */
  read(): Snapshot | undefined {
    const [first = "", ...rest] = (this.#try((store) => store.getItem(this.#key)) ?? "").split("\n");
    const head = readHead(first);
    const messages = rest.map((line) => decode(line, parseExact)).filter((message) => message !== undefined);
    if (head === undefined || messages.length < rest.length || messages[0]?.type !== "hello")
      return undefined;
    // Records of a shorter window would leave out the beginning of this one; it is better to ask the hub for all of it.
    const isShort = head.windowMs < this.#options.windowMs;
    return { ...head, messages: isShort ? messages.slice(0, 1) : messages };
  }

  /** Stores a snapshot that covers `windowMs` of history. */
  write({ messages, hubAt, wallAt }: Snapshot, windowMs: number): void {
    const head: SnapshotHeader = { form: FORMAT_VERSION, windowMs, hubAt, wallAt };
    const put = (kept: readonly HubMessage[]) =>
      this.#try((store) => {
        store.setItem(this.#key, [head, ...kept].map(stringifyExact).join("\n"));
        return true;
      });
    // Removed first, so that the old and the new snapshot need not fit side by side.
    this.#try((store) => store.removeItem(this.#key));
    // If the records do not fit, `hello` alone still lets the page ask for exactly its window.
    if (!put(messages)) put(messages.slice(0, 1));
  }

  #try<T>(use: (store: SessionStorageArea) => T): T | undefined {
    try {
      return use(this.#options.store());
    } catch {
      return undefined;
    }
  }
}

function readHead(line: string): SnapshotHeader | undefined {
  try {
    const head = JSON.parse(line) as Partial<SnapshotHeader> | null;
    const hasNumbers = [head?.windowMs, head?.hubAt, head?.wallAt].every(Number.isFinite);
    return head?.form === FORMAT_VERSION && hasNumbers ? (head as SnapshotHeader) : undefined;
  } catch {
    return undefined;
  }
}
