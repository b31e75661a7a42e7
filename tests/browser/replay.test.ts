/** A replay says that it is one: its kind, its dataset, its position in it, its seams, and where the data comes from. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";

const test = testWith("chromium");

/** A lap of two seconds, so that several seams are in view. */
const house = fixture(() =>
  Hub.startFrom({
    "tickcast.toml": `
[topics.short]
dataset = "laps.json"
rate = 50.0
start = "${new Date(Date.now() - 600_000).toISOString()}"
[topics.short.about]
title = "A short <b>title</b>"
origin = "Made for this test, see https://example.org/origin."
licence = "CC0, https://example.org/cc0"
[topics.bare]
dataset = "laps.json"
rate = 50.0
loop = false
`,
    "laps.json": Array.from({ length: 100 }, (_, i) => i),
  }),
);

test("badge, title and screen reader call a replay a replay, and nothing live", async () => {
  const screen = await house.open();
  await screen.isLive();
  expect(await screen.page.title()).toBe("short · Replay · tickcast");
  await screen.reads("summary", /^Replay\. .*Replay of A short <b>title<\/b>, record \d+ of 100, lap \d+\.$/);
  expect(await screen.page.getAttribute('[data-part="badge"]', "title")).toBe(
    "A recording, played to all screens at the same time",
  );
  await screen.press("Space");
  await screen.becomes("paused");
  expect(await screen.page.getAttribute('[data-part="badge"]', "title")).toBe("Rejoin the replay (L)");
  const words = await screen.page.evaluate(() => document.body.innerText);
  expect(words).not.toMatch(/\blive\b/i);
});

test("the footer has the dataset, the record that is shown and the lap", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.reads("dataset", /^Replay of A short <b>title<\/b>$/);
  await screen.reads("replay-record", /^\d+ \/ 100 · lap \d+$/);
  await screen.press("Space");
  await screen.becomes("paused");
  // The value is the index of its record, counted from 0.
  await expect
    .poll(async () => {
      const value = Number(await screen.text("value"));
      const [, record, lap] = /^(\d+) \/ 100 · lap (\d+)$/.exec(await screen.text("replay-record")) ?? [];
      const seq = await screen.seq();
      return [Number(record) - value, Number(lap) - Math.floor((seq - 1) / 100)];
    })
    .toEqual([1, 1]);
});

test("the value, its record and the record's place in the dataset agree in every frame", async () => {
  const screen = await house.open();
  await screen.isLive();
  const frames = await screen.page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const seen: string[] = [];
        const read = (part: string) => document.querySelector(`[data-part="${part}"]`)?.textContent ?? "";
        const onFrame = () => {
          // After the page's own frame.
          setTimeout(() => {
            const [seq, place, value] = [read("seq"), read("replay-record"), read("value")].map((text) =>
              Number(text.replaceAll(",", "").split(" ")[0]),
            ) as [number, number, number];
            seen.push(`${place - value} ${(seq - place) % 100}`);
            if (seen.length < 60) requestAnimationFrame(onFrame);
            else resolve(seen);
          });
        };
        requestAnimationFrame(onFrame);
      }),
  );
  expect(new Set(frames)).toEqual(new Set(["1 0"]));
});

test("origin and licence are a click away, with links", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.reads("dataset", /short/);
  await screen.click("source-open");
  await screen.reads("source", /Made for this test, see https:\/\/example\.org\/origin\.Licence/);
  const links = await screen.page.$$eval("#source a", (found) =>
    found.map((link) => (link as HTMLAnchorElement).href),
  );
  expect(links).toEqual(["https://example.org/origin", "https://example.org/cc0"]);
});

test("a replay without a description is named by its file, and one that ends has no laps", async () => {
  const screen = await house.open("?topic=bare");
  await screen.reads("dataset", /^Replay of laps\.json$/);
  await screen.reads("replay-record", /^\d+ \/ 100$/);
});

test("the chart marks where the dataset starts over", async () => {
  const screen = await house.open("?window=10s");
  await screen.isLive();
  await screen.press("Space");
  await screen.becomes("paused");
  await expect.poll(() => screen.moves()).toBe(false);
  // The labels of the marks that a redraw of the paused view draws, perhaps more than once.
  const labels = () =>
    screen.page.evaluate(async () => {
      const drawn = new Set<string>();
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        if (text.startsWith("lap ")) drawn.add(text);
        fillText.call(this, text, x, y);
      };
      document
        .querySelector<HTMLElement>('[data-part="chart"]')
        ?.style.setProperty("padding-inline-end", "1px");
      while (drawn.size === 0) await new Promise((resolve) => requestAnimationFrame(resolve));
      CanvasRenderingContext2D.prototype.fillText = fillText;
      return [...drawn];
    });
  await screen.press("+");
  const laps = (await labels()).map((text) => Number(text.slice(4)));
  expect(laps.length).toBeGreaterThanOrEqual(2);
  expect(laps).toEqual(laps.map((_, i) => (laps[0] as number) + i));
});
