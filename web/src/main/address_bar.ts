/** Keeps the page's URL in step with the view, for reloads and bookmarks. */

/** The hub's URL: that of the page, also behind a proxy that adds a path. */
export function hubAddress(page: string): string {
  return new URL(".", page).href.replace(/\/$/, "");
}

/** Minimum interval: Safari rejects more than 100 changes in 30 s, and a key held down would make hundreds. */
const EVERY_MS = 500;

export class AddressBar {
  readonly #query: () => string;
  #cooldown: ReturnType<typeof setTimeout> | undefined;
  #isStale = false;

  /** `query` returns the current query string, with its question mark. */
  constructor(query: () => string) {
    this.#query = query;
  }

  /** The view has changed. Changes in quick succession are combined into one update. */
  update(): void {
    this.#isStale = true;
    if (this.#cooldown === undefined) this.#write();
  }

  #write(): void {
    this.#cooldown = undefined;
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#cooldown = setTimeout(() => this.#write(), EVERY_MS);
    history.replaceState(null, "", `${location.pathname}${this.#query()}`);
  }
}
