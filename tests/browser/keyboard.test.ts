/** Keyboard shortcuts: every command has a key that the help lists, and typing is not disturbed. */

import { expect } from "vitest";
import { type CommandName, commands, keyName } from "../../web/src/commands";
import { onDemandStrings } from "../../web/src/strings/on_demand";
import { fixture, testWith } from "./fixture";
import type { Screen } from "./screen";

const test = testWith("chromium");

const house = fixture();

async function live(query = ""): Promise<Screen> {
  const screen = await house.open(query, { permissions: ["clipboard-read", "clipboard-write"] });
  await screen.isLive();
  return screen;
}

function theme(screen: Screen): Promise<string | undefined> {
  return screen.page.evaluate(() => document.documentElement.dataset.theme);
}

function isKiosk(screen: Screen): Promise<boolean> {
  return screen.page.evaluate(() => document.documentElement.hasAttribute("data-kiosk"));
}

test("Space pauses and resumes", async () => {
  const screen = await live();
  await screen.press("Space");
  await screen.becomes("paused");
  await screen.press("Space");
  await screen.becomes("behind");
});

test("plus and minus zoom, 0 restores the initial window and live", async () => {
  const screen = await live();
  await screen.press("-");
  await expect.poll(() => screen.windowMs()).toBe(15_000);
  await screen.press("+", "=");
  await expect.poll(() => screen.windowMs()).toBeCloseTo(6_670, -1);
  await screen.press("Space", "0");
  await expect.poll(() => screen.windowMs()).toBe(10_000);
  await screen.becomes("live");
});

test("T cycles through the themes and announces each", async () => {
  const screen = await live();
  expect(await theme(screen)).toBe("light");
  await screen.press("t", "t");
  await screen.reads("said", /^Theme: Dark$/);
  expect(await theme(screen)).toBe("dark");
});

test("K starts kiosk mode and Escape ends it", async () => {
  const screen = await live();
  await screen.press("k");
  await expect.poll(() => isKiosk(screen)).toBe(true);
  await screen.press("Escape");
  await expect.poll(() => isKiosk(screen)).toBe(false);
});

test("F enters and leaves full screen", async () => {
  const screen = await live();
  const isFull = () => screen.page.evaluate(() => document.fullscreenElement !== null);
  await screen.press("f");
  await expect.poll(isFull).toBe(true);
  await screen.press("f");
  await expect.poll(isFull).toBe(false);
});

test("C copies the link to this moment", async () => {
  const screen = await live();
  await screen.press("c");
  await screen.reads("said", /^Copied$/);
  const copied = await screen.page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toMatch(new RegExp(`^${house.hub.url}/\\?at=[a-z0-9]+:\\d+$`));
});

test("S saves an image", async () => {
  const screen = await live();
  const download = screen.page.waitForEvent("download");
  await screen.press("s");
  expect((await download).suggestedFilename()).toMatch(/^ecg-.*\.png$/);
});

test("the help opens with a question mark, lists every command, and closes with Escape", async () => {
  const screen = await live();
  await screen.press("?");
  const help = screen.page.locator('dialog[data-part="help"]');
  await help.waitFor();
  const rows = await help.locator("tbody tr").allTextContents();
  expect(rows).toHaveLength(Object.keys(commands).length);
  for (const [i, [name, { keys }]] of Object.entries(commands).entries()) {
    expect(rows[i]).toContain(onDemandStrings.commands[name as CommandName]);
    expect(rows[i]).toContain(keyName(keys[0] as string));
  }
  // Shortcuts are inactive while a dialog is open.
  await screen.press("k");
  expect(await isKiosk(screen)).toBe(false);
  await screen.press("Escape");
  await help.waitFor({ state: "hidden" });
  expect((await screen.badge()).kind).toBe("live");
});

test("shortcuts are inactive while typing and with modifiers", async () => {
  const screen = await live();
  await screen.click("menu-open");
  await screen.page.focus("#menu input");
  await screen.press("k", "t", "Space", "1");
  expect(await isKiosk(screen)).toBe(false);
  expect(await theme(screen)).toBe("light");
  expect((await screen.badge()).kind).toBe("live");
  await screen.press("Escape", "Alt+k");
  expect(await isKiosk(screen)).toBe(false);
});

test("single-key shortcuts can be switched off, and stay off after a reload", async () => {
  const screen = await live();
  await screen.press("?");
  await screen.page.getByLabel(/^Single-key shortcuts/).uncheck();
  await screen.press("Escape", "k", "t");
  expect(await isKiosk(screen)).toBe(false);
  await screen.page.reload();
  await screen.isLive();
  await screen.press("k", "Space");
  await screen.becomes("paused");
  expect(await isKiosk(screen)).toBe(false);
});
