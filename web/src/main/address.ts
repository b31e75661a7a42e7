/** The page's address, made to ask for what is seen: for a reload, and for bookmarks. */

/** Where the hub is: at the page's own address, also behind a proxy that puts a path before it. */
export function hubAddress(page: string): string {
  return new URL(".", page).href.replace(/\/$/, "");
}

/** Safari refuses more than a hundred changes in half a minute; a key held down would make hundreds. */
const EVERY_MS = 500;

export class Address {
  readonly #query: () => string;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #isStale = false;

  /** `query` finds out what it has to ask for, with its question mark. */
  constructor(query: () => string) {
    this.#query = query;
  }

  /** Another view is seen than it asks for. What comes soon after a change waits, and then counts as one. */
  follow(): void {
    this.#isStale = true;
    if (this.#resting === undefined) this.#write();
  }

  #write(): void {
    this.#resting = undefined;
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#resting = setTimeout(() => this.#write(), EVERY_MS);
    history.replaceState(null, "", `${location.pathname}${this.#query()}`);
  }
}
