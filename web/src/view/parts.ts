/**
 * The page's elements by the names that index.html gives them, and helpers to create and update them. Elements are only
 * touched when something differs: a status region that is rewritten is read aloud again, and a button that is replaced
 * loses the focus.
 */

export class Parts {
  readonly #root: ParentNode;
  readonly #found = new Map<string, HTMLElement>();

  constructor(root: ParentNode) {
    this.#root = root;
  }

  at(name: string): HTMLElement {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const element = this.#root.querySelector<HTMLElement>(`[data-part="${name}"]`);
    if (element === null)
      throw new Error(`the page has no part \`${name}\`; index.html and the view disagree`);
    this.#found.set(name, element);
    return element;
  }

  write(name: string, text: string): void {
    write(this.at(name), text);
  }
}

export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Text that changes often: the style sheet reserves room for the longest text so far, so that neighbours do not move,
 * and makes a text smaller that is too long for its place. Of two texts of equal length, the one with a sign is wider.
 */
export function setTextSteadily(element: HTMLElement, text: string): void {
  write(element, text);
  const { widest = "" } = element.dataset;
  const isWider = text.length > widest.length || (text.length === widest.length && text > widest);
  if (!isWider) return;
  element.dataset.widest = text;
  element.style.setProperty("--chars", String(text.length));
}

/** Undefined removes the attribute. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

type ElementProperties<K extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[K], "children">
>;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: ElementProperties<K>,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function button(text: string, onclick: () => void, className = ""): HTMLButtonElement {
  return make("button", { type: "button", className, onclick }, text);
}

/** Adds the style sheet of a part that is loaded on demand. */
export function adoptStyles(css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}

export function isOpen(panel: Element): boolean {
  return panel.matches(":popover-open, [open]");
}
