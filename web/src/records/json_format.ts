/**
 * Formats JSON text for people: indented, one member a line, and arrays without structure in one line. Every number,
 * text and key is written as it is in the source. What is too long to be read is cut, and nested deeper than a screen is
 * wide stays as it is.
 */

import { forEachMember, skipSpace, valueEnd } from "../topic_buffer/json_text";

const INDENT = "  ";
/** In characters: a browser would take seconds to lay out a longer text. */
export const LENGTH_MAX = 20_000;
const DEPTH_MAX = 32;
const CUT = "…";

export function formatJson(text: string): string {
  return new JsonFormatter().format(text, "", 0);
}

class JsonFormatter {
  /** How many more characters may be written. */
  #left = LENGTH_MAX;

  format(text: string, indent: string, depth: number): string {
    const isContainer = text.startsWith("{") || text.startsWith("[");
    if (!isContainer || depth === DEPTH_MAX) return this.#write(text);
    const inner = indent + INDENT;
    return text.startsWith("{")
      ? this.#object(text, indent, inner, depth)
      : this.#array(text, indent, inner, depth);
  }

  #object(text: string, indent: string, inner: string, depth: number): string {
    const items: string[] = [];
    forEachMember(text, (_, value, keyText) => {
      if (this.#left > 0) items.push(`${this.#write(keyText)}: ${this.format(value, inner, depth + 1)}`);
    });
    return items.length === 0 ? "{}" : `{${this.#lines(items, indent, inner)}}`;
  }

  #array(text: string, indent: string, inner: string, depth: number): string {
    const items: string[] = [];
    let isFlat = true;
    for (let at = skipSpace(text, 1); at < text.length && text[at] !== "]" && this.#left > 0; ) {
      const end = valueEnd(text, at);
      isFlat &&= text[at] !== "{" && text[at] !== "[";
      items.push(this.format(text.slice(at, end), inner, depth + 1));
      at = skipSpace(text, end);
      if (text[at] === ",") at = skipSpace(text, at + 1);
    }
    return isFlat ? `[${items.join(", ")}]` : `[${this.#lines(items, indent, inner)}]`;
  }

  #lines(items: readonly string[], indent: string, inner: string): string {
    return `\n${items.map((item) => inner + item).join(",\n")}\n${indent}`;
  }

  /** The text, as far as there is room. */
  #write(text: string): string {
    const room = Math.max(0, this.#left);
    // Separators and indentation count too, so that a million small numbers do not fit.
    this.#left -= text.length + INDENT.length;
    return text.length > room ? text.slice(0, room) + CUT : text;
  }
}
