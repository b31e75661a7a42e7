/**
 * What was, fetched from the hub's history as it is looked at. A view says for every frame what it shows and gets the best
 * there is of it, at once; what would be better is asked for behind its back. Knows no live stream: what is not due
 * yet is not here either.
 *
 * # One epoch
 * Everything here belongs to the epoch that is expected. What comes of another is not shown but told, and nothing is asked
 * until it is settled which one counts.
 */

import { type Answer, ask, type Reply } from "./past/answer";
import { isEnough, toPiece } from "./past/piece";
import { type Ask, askFor, overlap, partMs, queryOf, type Wish } from "./past/range";
import { Requests, type RequestsState } from "./past/requests";
import { Shelf } from "./past/shelf";
import { browser, type Surroundings } from "./past/surroundings";
import type { Part } from "./scene";
import type { Field } from "./timeline/field";

export type PastChange =
  /** There is more to be seen; `status` is another; */
  | { readonly kind: "piece" | "status" }
  /** the hub answers from this epoch, which is not the expected one; */
  | { readonly kind: "epoch"; readonly epoch: string }
  /** the hub does not serve this topic's history here: 401, 403 or 404. */
  | { readonly kind: "refused"; readonly status: number };

export interface PastOptions {
  /** The hub's address, `https://hub.example`, with the path before `/api`, if there is one. */
  readonly url: string;
  readonly topic: string;
  readonly onChange: (change: PastChange) => void;
  /** How many pieces are kept; undefined: as many as a view that goes back and forth has use for. */
  readonly pieces?: number;
}

/** Where a position lies, hub time in milliseconds, or why that cannot be said. */
export type Instant = { readonly t: number } | "other-epoch" | "not-due" | "unreachable";

/** Where history begins, hub time in milliseconds; undefined: nowhere, as far as this page may know. */
export type Beginning = number | undefined | "unreachable";

/** Whether there is any sense in asking: not before an epoch is expected, nor where the hub has another, or says no. */
type Standing = "unknown" | "served" | "other-epoch" | "refused";

/** Statuses that are about the topic and this page, not about one question. */
const FINAL_STATUSES: readonly number[] = [401, 403, 404];
const INSTANT_TIMEOUT_MS = 10_000;

/** One question, and the wish it was made for. */
interface Question {
  readonly ask: Ask;
  readonly query: string;
  readonly field: Field;
  /** As far as is known, every record of the range comes, so one answer is good for all fields. */
  readonly isWhole: boolean;
}

export class Past {
  readonly #options: PastOptions;
  readonly #surroundings: Surroundings;
  readonly #path: string;
  readonly #shelf: Shelf;
  readonly #requests: Requests<Question>;
  /** Every field that was ever wanted: an answer with all records is kept for all of them. */
  readonly #fields = new Map<Field["name"], Field>();
  readonly #wishes = new Map<Field["name"], { -readonly [K in keyof Wish]: Wish[K] }>();
  /** Fields the hub has no numbers of. */
  readonly #refused = new Set<Field["name"]>();
  #epoch: string | undefined;
  #standing: Standing = "unknown";
  /** Records in a millisecond, as the newest answer had them. */
  #density: number | undefined;

  constructor(options: PastOptions, surroundings: Surroundings = browser) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#shelf = new Shelf(options.pieces);
    const hub = options.url.replace(/\/+$/, "");
    this.#path = `${hub}/api/v1/topics/${encodeURIComponent(options.topic)}/history`;
    this.#requests = new Requests(
      {
        wanted: () => this.#wanted(),
        isUseful: (question) => this.#isUseful(question),
        onAnswer: (answer, question) => this.#put(answer, question),
        onRefused: (status, question) => this.#refuse(status, question),
        onState: () => options.onChange({ kind: "status" }),
      },
      surroundings,
    );
  }

  get status(): RequestsState {
    return this.#standing === "refused" ? "failed" : this.#requests.state;
  }

  /** Which epoch is shown; to be said at every `hello`, as that is also when the hub is worth asking again. */
  expect(epoch: string): void {
    if (epoch !== this.#epoch) {
      this.#requests.abort();
      this.#shelf.clear();
      this.#density = undefined;
    }
    this.#refused.clear();
    this.#epoch = epoch;
    this.#standing = "served";
    this.#requests.retryNow();
  }

  /**
   * The best there is of this range, hub time in milliseconds; often more than that, sometimes less. Undefined: nothing.
   * Until `rest` is called, or another range is asked for, this one stays wanted.
   */
  trace(from: number, to: number, columns: number, field: Field): Part | undefined {
    const { name } = field;
    const wish = this.#wishes.get(name) ?? { from, to, columns };
    [wish.from, wish.to, wish.columns] = [from, to, columns];
    this.#wishes.set(name, wish);
    this.#fields.set(name, field);
    if (to <= from) return undefined;
    if (!this.#shelf.hasEnough(wish, name, this.#surroundings.now())) this.#requests.poke();
    return this.#shelf.best(wish, name)?.parts.get(name);
  }

  /** Nobody looks at the past. What has been fetched is kept. */
  rest(): void {
    if (this.#wishes.size === 0) return;
    this.#wishes.clear();
    this.#requests.abort();
  }

  /** The instant of a position. */
  async instantOf(epoch: string, seq: number): Promise<Instant> {
    const first = Math.max(1, seq);
    const reply = await this.#look(`from=${first}&to=${first}&format=json`);
    if (reply.kind !== "answer") return "unreachable";
    if (reply.answer.epoch !== epoch) return "other-epoch";
    const [item] = reply.answer.items;
    return item === undefined ? "not-due" : { t: item.t / 1000 };
  }

  /** The instant of the oldest record that can be fetched; `unreachable` is worth another try. */
  async beginning(): Promise<Beginning> {
    const reply = await this.#look("from=1&limit=1&format=json");
    if (reply.kind === "refused") return undefined;
    if (reply.kind !== "answer") return "unreachable";
    const [item] = reply.answer.items;
    return item === undefined ? undefined : item.t / 1000;
  }

  async #look(query: string): Promise<Reply> {
    const controller = new AbortController();
    const cancel = this.#surroundings.after(INSTANT_TIMEOUT_MS, () => controller.abort());
    const reply = await ask(this.#surroundings.fetch, `${this.#path}?${query}`, controller.signal);
    cancel();
    return reply;
  }

  #wanted(): { url: string; about: Question }[] {
    if (this.#standing !== "served") return [];
    const now = this.#surroundings.now();
    const open = [...this.#wishes].filter(
      ([name, wish]) =>
        wish.to > wish.from && !this.#refused.has(name) && !this.#shelf.hasEnough(wish, name, now),
    );
    const questions = open
      .filter(([name, wish]) => !this.#requests.isUnderWay((question) => this.#answers(question, name, wish)))
      .map(([name, wish]) => this.#question(this.#fields.get(name) as Field, wish));
    return questions
      .filter((one, i) => questions.findIndex((other) => isSame(one, other)) === i)
      .map((about) => ({ url: `${this.#path}?${about.query}`, about }));
  }

  #question(field: Field, wish: Wish): Question {
    const asked = askFor(wish);
    // Where nothing is known, the first answer will tell; until then one question is enough.
    const isWhole = (this.#density ?? 0) * (asked.to - asked.from) <= asked.points;
    return { ask: asked, query: queryOf(asked, field.name), field, isWhole };
  }

  /** Whether the answer to `question` will be all that this wish needs. */
  #answers(
    { ask: { from, to, points }, field, isWhole }: Question,
    name: Field["name"],
    wish: Wish,
  ): boolean {
    if (!isWhole && field.name !== name) return false;
    const fineness = isWhole ? 0 : partMs({ from, to, points });
    return isEnough({ from, to, partMs: fineness, openUntil: undefined }, wish, 0);
  }

  /** An answer that shows some of what is wanted may come: if every step of a moving view called it off, none ever would. */
  #isUseful({ ask: range, field }: Question): boolean {
    const wish = this.#wishes.get(field.name);
    return wish !== undefined && overlap(range, wish) > 0;
  }

  #put(answer: Answer, question: Question): void {
    if (answer.epoch !== this.#epoch) {
      this.#stop("other-epoch");
      this.#options.onChange({ kind: "epoch", epoch: answer.epoch });
      return;
    }
    const [first, last] = [answer.items[0], answer.items.at(-1)];
    if (first !== undefined && last !== undefined && first !== last) {
      this.#density = (answer.total * 1000) / (last.t - first.t);
    }
    const asked = { ...question, at: this.#surroundings.now() };
    this.#shelf.put(toPiece(asked, answer, [...this.#fields.values()]));
    this.#options.onChange({ kind: "piece" });
  }

  #refuse(status: number, { field }: Question): void {
    if (!FINAL_STATUSES.includes(status)) {
      this.#refused.add(field.name);
      return;
    }
    this.#stop("refused");
    this.#options.onChange({ kind: "refused", status });
  }

  #stop(standing: "other-epoch" | "refused"): void {
    this.#standing = standing;
    this.#requests.abort();
  }
}

function isSame(one: Question, other: Question): boolean {
  const { from, to } = other.ask;
  return one.query === other.query || (other.isWhole && one.ask.from === from && one.ask.to === to);
}
