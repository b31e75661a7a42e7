/** Numbers that a double cannot hold keep their spelling. */

import { expect, test } from "vitest";
import { decode } from "../src/client/protocol/decode";
import { parseExact, spellingOf, stringifyExact } from "../src/exact_json";

const LONG = "9007199254740993";

function spelled(number: string): string | undefined {
  return spellingOf(parseExact(`{"a":${number}}`) as object, "a");
}

test.each([
  LONG,
  `-${LONG}`,
  "1764531625000000123",
  "1700000000000000000",
  "0.1234567890123456789",
  "123456789012345678901234567890.5e-3",
])("%s is remembered as it is spelled", (number) => {
  expect(spelled(number)).toBe(number);
  expect(parseExact(`[${number}]`)).toEqual([Number(number)]);
});

test.each(["1", "1.50", "0.30000000000000004", "123456789012345.0", "9007199254740991", "1e400", "1.7e18"])(
  "the double of %s says it all",
  (number) => {
    expect(spelled(number)).toBeUndefined();
  },
);

test("anything else is parsed as by JSON.parse", () => {
  const texts = [
    `{"a":[1,"${LONG}",{"${LONG}":null}],"b":"\\"${LONG}","c":true}`,
    `"\\\\",`,
    `{"a":${LONG}.5.6}`,
    `{"a":0${LONG}}`,
    `[${LONG},]`,
    `{"__proto__":${LONG}}`,
  ];
  const outcome = (parse: (text: string) => unknown, text: string) => {
    try {
      return parse(text);
    } catch {
      return "invalid";
    }
  };
  for (const text of texts) expect(outcome(parseExact, text)).toEqual(outcome(JSON.parse, text));
});

test("numbers in lists and records that are numbers are found by their place", () => {
  const list = parseExact(`[${LONG},2]`) as object;
  expect([spellingOf(list, 0), spellingOf(list, 1)]).toEqual([LONG, undefined]);
  const message = decode(`{"type":"data","seq":1,"t":1700000000000000,"data":${LONG}}`, parseExact);
  expect(spellingOf(message as object, "data")).toBe(LONG);
});

test("a number is written as it was read", () => {
  const text = `{"a":${LONG},"b":[1,0.1234567890123456789,"${LONG}"],"c":-1e+400}`;
  expect(stringifyExact(parseExact(text))).toBe(text.replace("-1e+400", "null"));
});
