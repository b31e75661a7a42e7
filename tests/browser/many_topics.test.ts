/** More topics than a page can show, names that look alike, and the list of all topics. */

import { expect } from "vitest";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";

const test = testWith("chromium");

const TOPICS = Array.from({ length: 10 }, (_, i) => `t${i}`);

const house = fixture(() =>
  Hub.startFrom({
    "tickcast.toml": [
      ...TOPICS.map((name) => `[topics.${name}]\ndataset = "alike.json"\nrate = 20.0\n`),
      '[topics.t0.fields.a]\nlabel = "Temp"\n[topics.t0.fields.b]\nlabel = "Temp"\n',
    ].join(""),
    "alike.json": Array.from({ length: 100 }, (_, i) => ({ a: i, b: -i, "": 2 * i })),
  }),
);

test("topics beyond the eighth are named, and can be chosen in place of others", async () => {
  const screen = await house.open(`?topic=${TOPICS.join(",")}`);
  await screen.reads("said", /more than 8 topics\. Not shown: t8, t9\./);
  await screen.reads("state-text", /^Replay$/);
  await screen.click("topics-open");
  await screen.reads("topics", /In the address, but not shown: t8, t9/);
  await screen.page.click('#topics input[value="t8"]');
  await screen.reads("said", /at most 8 topics/);
  await expect.poll(() => screen.page.isChecked('#topics input[value="t8"]')).toBe(false);
  await screen.page.uncheck('#topics input[value="t0"]');
  await screen.page.check('#topics input[value="t8"]');
  await screen.reads("topics", /In the address, but not shown: t9/);
  await expect.poll(() => screen.page.isChecked('#topics input[value="t8"]')).toBe(true);
});

test("entries of the legend with equal labels or an empty key can be told apart", async () => {
  const screen = await house.open("?topic=t0");
  await screen.reads("legend", /Temp \(b\)/);
  const names = await screen.page.$$eval('[data-part="legend"] .name', (found) =>
    found.map(({ textContent }) => textContent),
  );
  expect(names).toEqual(["Temp (a)", "Temp (b)", '""']);
});

test("in a browser the list of topics is a page with links to their lines", async () => {
  const screen = await house.open("api/v1/topics", { viewport: { width: 320, height: 640 } });
  expect(await screen.page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  const style = await screen.page.$eval("ul", (list) => getComputedStyle(list).listStyleType);
  expect(style).toBe("none");
  await screen.page.click('text="t3"');
  await screen.reads("topic", /^t3$/);
  expect(screen.errors).toEqual([]);
});
