/** The number is that of the drawn point, in every frame that a person can photograph. */

import { expect } from "vitest";
import { type LayerMarks, recordDrawnMarks } from "./drawn_marks";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

/** Neighbouring records differ a lot, so that a number of another record cannot be mistaken for this one's. */
const JUMPS = Array.from({ length: 500 }, (_, i) => ({ value: (i * 389) % 1_000 }));
const PAIRS = JUMPS.map(({ value }, i) => ({ one: value, other: (i * 211) % 1_000 }));
/** Half a pixel of a plot that is at least 250 pixels high and covers about 1,200. */
const TOLERANCE = 5;
const FRAMES = 30;

const house = fixture(() =>
  Hub.startFrom({
    "jumps.json": JUMPS,
    "pairs.json": PAIRS,
    "tickcast.toml": `
      [topics.jumps]
      dataset = "jumps.json"
      rate = 100.0
      start = "2024-01-01T00:00:00Z"
      [topics.pairs]
      dataset = "pairs.json"
      rate = 50.0
      start = "2024-01-01T00:00:00Z"
      fields.one = { unit = "V" }
      fields.other = { unit = "V" }
      [topics.slow]
      dataset = "jumps.json"
      rate = 2.0
      start = "2024-01-01T00:00:00Z"
    `,
  }),
);

/** The numbers beside the chart and the marks on it, as they are when a frame is complete. */
interface Photograph {
  readonly value: string;
  readonly legend: readonly string[];
  readonly marks: readonly [LayerMarks, LayerMarks];
}

async function open(query: string): Promise<Screen> {
  const screen = await house.open();
  await screen.page.addInitScript(recordDrawnMarks);
  await screen.page.goto(`${house.hub.url}/${query}`);
  await screen.becomes("live");
  return screen;
}

/** Photographs this many frames in a row. Callbacks of the page's own frame run first, because they were there first. */
function photographs(screen: Screen): Promise<readonly Photograph[]> {
  return screen.page.evaluate(async (count) => {
    const taken: Photograph[] = [];
    while (taken.length < count) {
      await new Promise<void>((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(() => resolve())),
      );
      taken.push({
        value: document.querySelector('[data-part="value"]')?.textContent ?? "",
        legend: [...document.querySelectorAll('[data-part="legend"] b')].map(
          ({ textContent }) => textContent ?? "",
        ),
        marks: structuredClone(window.drawnMarks) as Photograph["marks"],
      });
    }
    return taken;
  }, FRAMES);
}

/** The value at a height, by the labels of the left axis; neighbouring ones are at least 100 apart. */
function valueAt({ texts }: LayerMarks, y: number): number {
  const ticks = texts
    .filter(({ text, align }) => align === "right" && /^[−\d,]+$/.test(text))
    .map(({ text, y: height }) => ({ value: Number(text.replace("−", "-").replace(",", "")), height }));
  const [first, last] = [ticks[0], ticks.at(-1)];
  if (first === undefined || last === undefined || first === last) throw new Error("the axis has no labels");
  return first.value + ((last.value - first.value) * (y - first.height)) / (last.height - first.height);
}

/** The end points of the lines, the first series last: it lies on top. */
function ends({ dots }: LayerMarks): number[] {
  return dots.filter(({ radius }) => radius === 4).map(({ y }) => y);
}

function number(text: string): number {
  return Number(text.replace("−", "-").replace(",", ""));
}

function expectClose(values: readonly number[], drawn: readonly number[]): void {
  expect(drawn).toHaveLength(values.length);
  for (const [i, value] of values.entries())
    expect(Math.abs(value - (drawn[i] as number)), `${value} beside a dot at ${drawn[i]}`).toBeLessThan(
      TOLERANCE,
    );
}

test.each(["jumps", "slow"])("the value of %s is that of the dot in every frame", async (topic) => {
  const screen = await open(`?topic=${topic}`);
  const values = new Set<number>();
  for (const { value, marks } of await photographs(screen)) {
    const [chart] = marks;
    expectClose(
      [number(value)],
      ends(chart).map((y) => valueAt(chart, y)),
    );
    values.add(number(value));
  }
  // The picture did move.
  expect(values.size).toBeGreaterThan(1);
  // A dot between two records would have a value that no record has.
  for (const value of values) expect(JUMPS.some((record) => record.value === value)).toBe(true);
});

test("the values of the legend are those of the dots in every frame", async () => {
  const screen = await open("?topic=pairs");
  for (const { legend, marks } of await photographs(screen)) {
    const [chart] = marks;
    expectClose(
      legend.map(number).reverse(),
      ends(chart).map((y) => valueAt(chart, y)),
    );
  }
});

test.each(["jumps", "pairs"])(
  "at the crosshair, the values of %s are those of its dots in every frame",
  async (topic) => {
    const screen = await open(`?topic=${topic}`);
    await screen.pointAt("chart", 0.5);
    await expect.poll(() => screen.text("remark")).not.toBe("");
    for (const { value, legend, marks } of await photographs(screen)) {
      const [chart, overlay] = marks;
      const shown = topic === "jumps" ? [value] : legend;
      expectClose(
        shown.map(number),
        ends(overlay).map((y) => valueAt(chart, y)),
      );
    }
  },
);

test("a paused view has its dot on the record whose value it shows", async () => {
  const screen = await open("?topic=slow");
  await screen.press("Space");
  await screen.becomes("paused");
  const [{ value, marks }] = (await photographs(screen)).slice(-1) as [Photograph];
  expectClose(
    [number(value)],
    ends(marks[0]).map((y) => valueAt(marks[0], y)),
  );
});
