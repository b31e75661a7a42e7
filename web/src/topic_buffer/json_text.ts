/**
 * Finds parts of JSON text without parsing it, so that numbers keep the spelling of their source. The text must be valid
 * and comes from the hub; only what is passed over is read.
 */

const SPACE = /[ \t\n\r]*/y;
const PRIMITIVE = /[^,\]}\s]*/y;
/** What may follow in a container: the start of a string, and brackets. */
const BRACKET_OR_QUOTE = /["[\]{}]/g;

/** The text of a member of the object `text`; of a repeated key the last one counts. Undefined if it is missing. */
export function memberText(text: string, key: string): string | undefined {
  let found: string | undefined;
  forEachMember(text, (name, value) => {
    if (name === key) found = value;
  });
  return found;
}

/** The text of an element of the array `text`; undefined beyond its end. */
export function elementText(text: string, index: number): string | undefined {
  let at = skipSpace(text, 0) + 1;
  for (let i = 0; ; i += 1) {
    at = skipSpace(text, at);
    if (text[at] === "]" || at >= text.length) return undefined;
    const end = valueEnd(text, at);
    if (i === index) return text.slice(at, end);
    at = skipSpace(text, end);
    if (text[at] === ",") at += 1;
  }
}

/** Receives a member of an object: its key, decoded, and the texts of its value and of the key. */
export type VisitMember = (key: string, value: string, keyText: string) => void;

/** Calls `visit` for each member of the object `text`, in order. */
export function forEachMember(text: string, visit: VisitMember): void {
  let at = skipSpace(text, 0);
  if (text[at] !== "{") return;
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const keyEnd = stringEnd(text, at);
    const keyText = text.slice(at, keyEnd);
    const key = keyText.includes("\\") ? (JSON.parse(keyText) as string) : keyText.slice(1, -1);
    // After the colon.
    const begin = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, begin);
    visit(key, text.slice(begin, end), keyText);
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
}

/** The end of the value that begins at `at`. */
export function valueEnd(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return stringEnd(text, at);
  if (first !== "{" && first !== "[") return endOf(PRIMITIVE, text, at);
  let depth = 0;
  for (let i = at; i < text.length; ) {
    const character = text[i];
    if (character === '"') i = stringEnd(text, i);
    else {
      depth += character === "{" || character === "[" ? 1 : -1;
      i += 1;
      if (depth === 0) return i;
    }
    BRACKET_OR_QUOTE.lastIndex = i;
    const next = BRACKET_OR_QUOTE.exec(text);
    if (next === null) break;
    i = next.index;
  }
  return text.length;
}

export function skipSpace(text: string, at: number): number {
  return endOf(SPACE, text, at);
}

/** The end of the string that begins at `at`: the first quotation mark that is not escaped. */
function stringEnd(text: string, at: number): number {
  for (let i = text.indexOf('"', at + 1); i >= 0; i = text.indexOf('"', i + 1)) {
    let backslashes = 0;
    while (text[i - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return i + 1;
  }
  return text.length;
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.exec(text);
  return Math.max(at, pattern.lastIndex);
}
