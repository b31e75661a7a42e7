/**
 * What a tab remembers across a reload: the visible records as a short stream of the hub's own messages, in the
 * tab's session storage. Its border: it stores and finds text, and knows neither timeline nor time; what is read
 * goes through the decoder like anything from outside.
 *
 * # A help, never a need
 * Storage may be forbidden or hold anything. Then nothing is remembered, and the page joins as if it were new. If it is
 * too full for the records, only `hello` is remembered, and the page asks for its window.
 */

import type { HubMessage } from "./client/protocol";
import { decode } from "./client/protocol/decode";
import type { Mark } from "./wall";

export interface Kept extends Mark {
  /** `hello` first. */
  readonly messages: readonly HubMessage[];
}

/** The part of `Storage` that is used. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface SessionOptions {
  /** May throw: asking for the storage is what some browsers refuse. */
  readonly store: () => Store;
  /** As asked for in the address; undefined: the hub's default topic. */
  readonly topic: string | undefined;
  /** How much the page is to show. */
  readonly windowMs: number;
}

/** The first line; one message a line follows. */
interface Head extends Mark {
  readonly form: number;
  readonly windowMs: number;
}

/** Raised whenever what is written changes; text of another form is not read. */
const FORM = 1;

/** Five minutes at a hundred records a second, some 500 kB; more is better asked of the hub than written down here. */
export const RECORDS_MAX = 32_768;

export class Session {
  readonly #options: SessionOptions;
  readonly #key: string;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#key = `tickcast:${options.topic ?? ""}`;
  }

  /** Undefined if there is nothing of use. */
  read(): Kept | undefined {
    const [first = "", ...rest] = (this.#tried((store) => store.getItem(this.#key)) ?? "").split("\n");
    const head = readHead(first);
    const messages = rest.map(decode).filter((message) => message !== undefined);
    if (head === undefined || messages.length < rest.length || messages[0]?.type !== "hello")
      return undefined;
    // Records of a shorter window would leave out the beginning of this one, which is then better asked for at once.
    const isShort = head.windowMs < this.#options.windowMs;
    return { ...head, messages: isShort ? messages.slice(0, 1) : messages };
  }

  /** `windowMs`: how much of the past the messages cover. */
  write({ messages, hubAt, wallAt }: Kept, windowMs: number): void {
    const head: Head = { form: FORM, windowMs, hubAt, wallAt };
    const put = (kept: readonly HubMessage[]) =>
      this.#tried((store) => {
        store.setItem(this.#key, [head, ...kept].map((line) => JSON.stringify(line)).join("\n"));
        return true;
      });
    // First, so that old and new need not fit side by side.
    this.#tried((store) => store.removeItem(this.#key));
    // Without room for the records, how the timeline runs is still enough to ask for just the window.
    if (!put(messages)) put(messages.slice(0, 1));
  }

  #tried<T>(use: (store: Store) => T): T | undefined {
    try {
      return use(this.#options.store());
    } catch {
      return undefined;
    }
  }
}

function readHead(line: string): Head | undefined {
  try {
    const head = JSON.parse(line) as Partial<Head> | null;
    const hasNumbers = [head?.windowMs, head?.hubAt, head?.wallAt].every(Number.isFinite);
    return head?.form === FORM && hasNumbers ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}
