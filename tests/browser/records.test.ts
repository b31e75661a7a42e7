/** Every record can be seen, whatever it contains: numbers in objects and in texts, live and from the history. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { recordAt } from "./history";
import { Hub } from "./hub";
import type { Screen } from "./screen";

const test = testWith("chromium");

const START = new Date(Date.now() - 600_000).toISOString();

const house = fixture(() =>
  Hub.startFrom(
    {
      "nested.json": Array.from({ length: 1_000 }, (_, i) => ({
        pose: { x: i, "y.z": -i },
        "pose.x": String(i / 4),
      })),
      "tickcast.toml": `
        [topics.nested]
        dataset = "nested.json"
        rate = 20.0
        start = "${START}"
        fields."pose.x" = { label = "X" }
      `,
    },
    { TICKCAST__SERVER__RECOVER_MAX: "100" },
  ),
);

async function legend(screen: Screen): Promise<Record<string, number>> {
  const entries = await screen.page.$$eval('[data-part="legend"] .entry', (all) =>
    all.map((entry) => [entry.querySelector(".name")?.textContent, entry.querySelector("b")?.textContent]),
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Number(value?.replace("−", "-").replaceAll(",", ""))]),
  );
}

test("numbers in objects and in texts are lines, live and from the history alike", async () => {
  const screen = await house.open("?topic=nested");
  await screen.becomes("live");
  await screen.reads("number-texts", /^Text in the records, read as numbers: pose\.x$/);
  await expect.poll(async () => Object.keys(await legend(screen))).toEqual(["X", "pose.y.z", "pose.x"]);
  await screen.press("Space");
  await screen.becomes("paused");
  // Of a window this long the hub sends the extremes of each field.
  for (const window of ["", "5m"]) {
    if (window !== "") await screen.page.click(`[data-part="windows"] >> text="${window}"`);
    await screen.pointAt("chart", 0.3);
    await expect
      .poll(async () => {
        const { data } = await recordAt(house.hub.url, "nested", await screen.seq());
        const { x } = data.pose as unknown as { x: number };
        const { X } = await legend(screen);
        return X === x;
      })
      .toBe(true);
  }
});
