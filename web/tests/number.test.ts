/** Numbers as a person reads them: all digits of the data, and none that jump. */

import { expect, test } from "vitest";
import { Scale } from "../src/chart/scale";
import { axisText, SteadyNumberFormat } from "../src/number";

function texts(...values: readonly number[]): string[] {
  const number = new SteadyNumberFormat();
  return values.map((value) => number.format(value));
}

test("all values have as many decimals as the most precise one so far", () => {
  expect(texts(5, 5.25, 5, -3)).toEqual(["5", "5.25", "5.00", "\u22123.00"]);
});

test("a value has all the digits of the data", () => {
  expect(texts(52.1234567)).toEqual(["52.1234567"]);
  expect(texts(0.1 + 0.2, 0.5)).toEqual(["0.30000000000000004", "0.50000000000000000"]);
  expect(texts(0.000_001_25, 1_234.5)).toEqual(["0.00000125", "1,234.50000000"]);
  expect(texts(Number.MAX_SAFE_INTEGER)).toEqual(["9,007,199,254,740,991"]);
});

test("a value that a double does not hold is shown as the record spells it", () => {
  const number = new SteadyNumberFormat();
  expect(number.format(Number("-9007199254740993"), "-9007199254740993")).toBe("\u22129007199254740993");
  expect(number.format(0.5)).toBe("0.5");
});

test("very small and very large values use scientific notation, and zero is 0", () => {
  expect(texts(0, 1.5e-9, -2e-7, 0)).toEqual(["0", "1.5E\u22129", "\u22122.0E\u22127", "0"]);
  expect(texts(1e30, -1.7e18, 0, 2)).toEqual(["1E30", "\u22121.7E18", "0", "2"]);
  expect(texts(5e-324, 1.797_693_134_862_315_7e308)).toEqual(["5E\u2212324", "1.7976931348623157E308"]);
  expect(texts(999_999_999_999_999, 1e15)).toEqual(["999,999,999,999,999", "1,000,000,000,000,000"]);
});

test("a small value does not change the decimals of the others", () => {
  expect(texts(5.5, 1e-12, 5.5)).toEqual(["5.5", "1E\u221212", "5.5"]);
});

test.each([
  [52.123_456_7, 52.123_457_5],
  [-1e-9, 3e-9],
  [0, 5e-324],
  [1e15, 1e15 + 4],
  [9.007_199_254_740_99e15, 9.007_199_254_741e15],
  [-1e308, 1e308],
  [-Number.MAX_VALUE, Number.MAX_VALUE],
  [1e-300, 2e-300],
  [100_000, 100_000.000_1],
  [0.000_99, 0.001_01],
])("axis labels between %d and %d differ at different heights", (low, high) => {
  const scale = new Scale(axisText);
  scale.begin();
  scale.include(low, high);
  scale.fit(0);
  for (const most of [3, 6, 12]) {
    scale.updateTicks(most);
    expect(scale.ticks.length).toBeGreaterThan(1);
    expect(scale.ticks.length).toBeLessThan(3 * most + 4);
    expect(new Set(scale.texts).size).toBe(scale.texts.length);
    expect(scale.texts.join(" ")).not.toMatch(/NaN|Infinity/);
  }
  const shares = [low, high].map((value) => scale.share(value));
  for (const share of shares) expect(share >= 0 && share <= 1).toBe(true);
});
