/** The crosshair shows exactly the record that the hub has there. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { recordAt } from "./history";
import type { Screen } from "./screen";

const test = testWith("chromium");

const house = fixture();

/** Paused, with a window so short that every record has its own pixel. */
async function paused(): Promise<Screen> {
  const screen = await house.open("?window=2s");
  await screen.isLive();
  await screen.hasDrawn(200);
  await screen.press("Space");
  await screen.becomes("paused");
  return screen;
}

/** Expects the page to show value, `seq` and time of this record. */
async function expectToShow(screen: Screen, seq: number): Promise<void> {
  await expect.poll(() => screen.seq()).toBe(seq);
  const { t, data } = await recordAt(house.hub.url, "ecg", seq);
  await expect.poll(async () => numberOf(await screen.text("value"))).toBe(data.value);
  const time = new Intl.DateTimeFormat("en", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
  });
  await expect.poll(() => screen.text("remark")).toContain(time.format(t / 1000));
}

function numberOf(text: string): number {
  return Number(text.replace("−", "-").replaceAll(",", ""));
}

test("the crosshair shows the record drawn under the pointer", async () => {
  const screen = await paused();
  const { seq } = await screen.instruments();
  const places = (await screen.line()).flat();
  for (const across of [0.3, 0.62]) {
    await screen.pointAt("chart", across);
    const { x } = await screen.placeOn("chart", across);
    const left = (await screen.placeOn("chart", 0)).x;
    const distances = places.slice(0, -1).map((place) => Math.abs(place - (x - left)));
    const nearest = distances.indexOf(Math.min(...distances));
    // The last point is the end of the line, between two records.
    await expectToShow(screen, seq - (distances.length - 1 - nearest));
  }
});

test("the arrow keys move by one record, with Shift by ten", async () => {
  const screen = await paused();
  const { seq: newest } = await screen.instruments();
  await screen.pointAt("chart", 0.5);
  await expect.poll(() => screen.seq()).toBeLessThan(newest - 50);
  const seq = await screen.seq();
  await screen.press("ArrowLeft");
  await expectToShow(screen, seq - 1);
  await screen.press("ArrowRight", "ArrowRight");
  await expectToShow(screen, seq + 1);
  await screen.press("Shift+ArrowLeft");
  await expectToShow(screen, seq - 9);
  await screen.press("Shift+ArrowRight");
  await expectToShow(screen, seq + 1);
});

test("without a pointer the arrow keys start at the end of the line, and Escape hides the crosshair", async () => {
  const screen = await paused();
  const { seq } = await screen.instruments();
  await screen.press("ArrowLeft");
  await expectToShow(screen, seq - 1);
  await screen.press("Escape");
  await expect.poll(() => screen.seq()).toBe(seq);
  expect((await screen.badge()).kind).toBe("paused");
});

test("the crosshair does not pause a live view", async () => {
  const screen = await house.open();
  await screen.isLive();
  await screen.pointAt("chart", 0.5);
  await expect.poll(() => screen.text("remark")).not.toBe("");
  expect((await screen.badge()).kind).toBe("live");
  expect(await screen.moves()).toBe(true);
});
