/**
 * Accessibility: axe finds no serious violation in any state of the page, and what is visible is also exposed to screen
 * readers.
 */

import { expect } from "vitest";
import { violationsOf } from "./axe";
import { fixture, testWith } from "./fixture";
import type { Screen } from "./screen";

const test = testWith("chromium");

const house = fixture();

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function live(query = "", options: Parameters<typeof house.open>[1] = {}): Promise<Screen> {
  const screen = await house.open(query, options);
  await screen.isLive();
  return screen;
}

test.each(["light", "dark"] as const)(
  "axe finds nothing serious on the live page, %s",
  async (colorScheme) => {
    const screen = await live("", { colorScheme });
    expect(await violationsOf(screen)).toEqual([]);
    await screen.press("Space");
    await screen.becomes("paused");
    expect(await violationsOf(screen)).toEqual([]);
    await screen.press("Space");
    await screen.becomes("behind");
    expect(await violationsOf(screen)).toEqual([]);
  },
);

test.each(["light", "dark"] as const)(
  "axe finds nothing serious in panels and dialogs, %s",
  async (colorScheme) => {
    const screen = await live("", { colorScheme });
    for (const opener of ["menu-open", "sync-open"]) {
      await screen.click(opener);
      await screen.page.waitForSelector(":popover-open");
      expect(await violationsOf(screen), opener).toEqual([]);
      await screen.press("Escape");
    }
    await screen.press("?");
    await screen.page.waitForSelector('dialog[data-part="help"][open]');
    expect(await violationsOf(screen), "help").toEqual([]);
    await screen.press("Escape");
    await screen.choose("Show as table");
    await screen.page.waitForSelector('dialog[data-part="table"][open]');
    expect(await violationsOf(screen), "table").toEqual([]);
  },
);

test.each(["", "?kiosk=1", "?embed=1", "?theme=dark"])(
  "axe finds nothing serious on a phone at /%s",
  async (query) => {
    expect(await violationsOf(await live(query, PHONE))).toEqual([]);
  },
);

test.each(["?kiosk=1", "?embed=1", "?kiosk=1&theme=dark"])(
  "axe finds nothing serious at /%s",
  async (query) => {
    expect(await violationsOf(await live(query))).toEqual([]);
  },
);

test.each(["?topic=no-such-topic", "?at=anotherepoch:77"])(
  "axe finds nothing serious in the notice at /%s",
  async (query) => {
    const screen = await house.open(query);
    await screen.reads("notice-title", /no topic|no longer available/);
    expect(await violationsOf(screen)).toEqual([]);
  },
);

test("axe finds nothing serious while the hub is unreachable", async () => {
  const screen = await live();
  await house.hub.kill();
  await screen.becomes("reconnecting");
  expect(await violationsOf(screen)).toEqual([]);
  house.hub = await house.hub.restart();
});

test("the summary is announced once, not with every value", async () => {
  const screen = await live();
  await screen.reads("summary", /^Replay\. ECG, lead MLII: −?[\d,]+ µV/);
  const said = await screen.text("summary");
  expect(await screen.page.getAttribute('[data-part="summary"]', "role")).toBe("status");
  await screen.press("Space");
  await screen.reads("summary", /^Paused/);
  expect(await screen.text("summary")).not.toBe(said);
});

test("the summary can be switched off; state changes are still announced", async () => {
  const screen = await live();
  await screen.press("?");
  await screen.page.getByLabel(/^Describe the view to screen readers/).uncheck();
  await screen.press("Escape", "Space");
  await screen.reads("summary", /^Paused[^:]*\.$/);
});

test("every button, the chart and the time navigator have accessible names", async () => {
  const screen = await live();
  expect(await screen.page.getAttribute('[data-part="chart"]', "aria-label")).toBe(
    "Line chart of ECG, lead MLII, the last 10 seconds",
  );
  await expect
    .poll(() => screen.page.getAttribute('[data-part="strip"]', "aria-valuetext"))
    .toMatch(/^In step with the replay, \d/);
  const names = await screen.page
    .getByRole("button")
    .evaluateAll((buttons) => buttons.map((button) => button.ariaLabel ?? button.textContent?.trim() ?? ""));
  expect(names).not.toContain("");
});
